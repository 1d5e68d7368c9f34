namespace TurnServer.Admin.Status;

/// <summary>The last so many of what was added.</summary>
internal sealed class RingBuffer<T>(int capacity)
{
    private readonly T[] _items = new T[capacity];
    private int _next;

    public int Count { get; private set; }

    public void Add(T item)
    {
        _items[_next] = item;
        _next = (_next + 1) % capacity;
        Count = Math.Min(Count + 1, capacity);
    }

    /// <summary>A copy, the oldest first.</summary>
    public T[] Copy()
    {
        var copy = new T[Count];
        for (var i = 0; i < Count; i++)
            copy[i] = _items[(_next - Count + i + capacity) % capacity];
        return copy;
    }
}
