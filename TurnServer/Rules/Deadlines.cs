namespace TurnServer.Rules;

/// <summary>
/// Everyone who falls due, earliest first: a four-way heap whose entries may be early but never late. A request that
/// only moves its sender's deadline further away leaves the heap alone; the entry is put right when it comes up. So a
/// request costs the same however many there are, and each one costs a heap operation about once in its timeout.
/// </summary>
internal sealed class Deadlines
{
    private const int Arity = 4;
    private Entry[] _heap = new Entry[16];

    /// <summary>How many have a deadline.</summary>
    public int Count { get; private set; }

    /// <summary>
    /// When to look next: not after the earliest deadline, possibly before it. Null when there is none.
    /// </summary>
    public TimeSpan? Next => Count == 0 ? null : _heap[0].At;

    /// <summary>Those with a deadline, in the order of the heap: never due before this.</summary>
    public (TimeSpan At, Participant Participant) this[int index] => (_heap[index].At, _heap[index].Participant);

    /// <summary>
    /// Puts one at the next place of the heap, with the time it had there. False when it cannot have stood there.
    /// </summary>
    public bool TryRestore(TimeSpan at, Participant participant)
    {
        if (Count > 0 && _heap[(Count - 1) / Arity].At > at)
            return false;
        if (Count == _heap.Length)
            Array.Resize(ref _heap, Count * 2);
        Place(Count++, new Entry(at, participant));
        return true;
    }

    public void Add(Participant participant)
    {
        if (Count == _heap.Length)
            Array.Resize(ref _heap, Count * 2);
        SiftUp(Count++, new Entry(participant.DueAt, participant));
    }

    public void Remove(Participant participant)
    {
        var hole = participant.HeapIndex;
        if (hole < 0)
            return;
        participant.HeapIndex = -1;
        var last = _heap[--Count];
        _heap[Count] = default;
        if (hole == Count)
            return;
        if (hole > 0 && last.At < _heap[(hole - 1) / Arity].At)
            SiftUp(hole, last);
        else
            SiftDown(hole, last);
    }

    /// <summary>To be called when one may fall due earlier than before.</summary>
    public void Hasten(Participant participant)
    {
        var dueAt = participant.DueAt;
        if (dueAt < _heap[participant.HeapIndex].At)
            SiftUp(participant.HeapIndex, new Entry(dueAt, participant));
    }

    /// <summary>
    /// One that is due, if there is any; it keeps its place until it is due later or is removed.
    /// </summary>
    public bool TryFindDue(TimeSpan now, out Participant due)
    {
        while (Count > 0 && _heap[0].At <= now)
        {
            due = _heap[0].Participant;
            if (due.DueAt <= now)
                return true;
            SiftDown(0, new Entry(due.DueAt, due));
        }

        due = null!;
        return false;
    }

    private void SiftUp(int index, Entry entry)
    {
        while (index > 0)
        {
            var parent = (index - 1) / Arity;
            if (_heap[parent].At <= entry.At)
                break;
            Place(index, _heap[parent]);
            index = parent;
        }

        Place(index, entry);
    }

    private void SiftDown(int index, Entry entry)
    {
        while (true)
        {
            var first = (index * Arity) + 1;
            if (first >= Count)
                break;
            var least = first;
            for (var child = first + 1; child < Math.Min(first + Arity, Count); child++)
            {
                if (_heap[child].At < _heap[least].At)
                    least = child;
            }

            if (entry.At <= _heap[least].At)
                break;
            Place(index, _heap[least]);
            index = least;
        }

        Place(index, entry);
    }

    private void Place(int index, Entry entry)
    {
        _heap[index] = entry;
        entry.Participant.HeapIndex = index;
    }

    private readonly record struct Entry(TimeSpan At, Participant Participant);
}
