namespace TurnServer.Admin.Status;

/// <summary>Which part of the past, and in what steps.</summary>
internal enum HistoryRange : byte
{
    /// <summary>The last five minutes in steps of a second.</summary>
    Minutes,

    /// <summary>The last hour in steps of ten seconds.</summary>
    Hour,
}

/// <summary>
/// The samples of the last five minutes, and coarser ones of the last hour; anything longer is the job of a monitoring
/// system. At less than a kilobyte per sample it takes about 600 KB. The sampler writes it, any thread may read.
/// </summary>
internal sealed class History
{
    /// <summary>Five minutes in seconds: about as many points as a chart has pixels on a phone.</summary>
    public const int FineCount = 300;

    /// <summary>An hour in steps of ten seconds.</summary>
    public const int CoarseCount = 360;

    /// <summary>The time between two fine samples.</summary>
    public static readonly TimeSpan FineInterval = TimeSpan.FromSeconds(1);

    /// <summary>The time between two coarse samples.</summary>
    public static readonly TimeSpan CoarseInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();

    // One more, as a rate needs two samples.
    private readonly RingBuffer<Sample> _fine = new(FineCount + 1);
    private readonly RingBuffer<Sample> _coarse = new(CoarseCount + 1);
    private TimeSpan? _coarseAt;
    private bool _hasGap;

    /// <summary>Adds a sample that is younger than all before.</summary>
    public void Add(Sample sample)
    {
        lock (_lock)
        {
            _fine.Add(sample);
            _hasGap |= sample.Actor is null;
            // A tick may come a little early.
            if (sample.At - _coarseAt < CoarseInterval - (FineInterval / 2))
                return;
            // A gap within the ten seconds must show in the hour as well.
            _coarse.Add(_hasGap ? sample with { Actor = null } : sample);
            _coarseAt = sample.At;
            _hasGap = false;
        }
    }

    /// <summary>The samples of a range, the oldest first; empty before the first one.</summary>
    public IReadOnlyList<Sample> Read(HistoryRange range)
    {
        lock (_lock)
            return range == HistoryRange.Minutes ? _fine.ToArray() : _coarse.ToArray();
    }
}

/// <summary>The latest items added, as many as the capacity.</summary>
internal sealed class RingBuffer<T>(int capacity)
{
    private readonly T[] _items = new T[capacity];
    private int _count;
    private int _next;

    public void Add(T item)
    {
        _items[_next] = item;
        _next = (_next + 1) % capacity;
        _count = Math.Min(_count + 1, capacity);
    }

    /// <summary>A copy, the oldest first.</summary>
    public T[] ToArray()
    {
        var copy = new T[_count];
        for (var i = 0; i < _count; i++)
            copy[i] = _items[(_next - _count + i + capacity) % capacity];
        return copy;
    }
}
