namespace TurnServer.Admin.Status;

/// <summary>Which part of the past, and how finely.</summary>
internal enum HistoryRange : byte
{
    /// <summary>The last five minutes, by the second.</summary>
    Minutes,

    /// <summary>The last hour, by ten seconds.</summary>
    Hour,
}

/// <summary>
/// What the counts have been: as fine as the eye wants it for as long as one looks, and coarser for as long as one asks
/// "since when". Longer is the work of a monitoring system. At under a kilobyte a sample it takes some 600 KB. Written
/// by the sampler, read by whoever asks.
/// </summary>
internal sealed class History
{
    /// <summary>Five minutes by the second: about as many points as a chart is wide on a phone.</summary>
    public const int FineCount = 300;

    /// <summary>An hour, by ten seconds.</summary>
    public const int CoarseCount = 360;

    /// <summary>Between two fine samples.</summary>
    public static readonly TimeSpan FineInterval = TimeSpan.FromSeconds(1);

    /// <summary>Between two coarse samples.</summary>
    public static readonly TimeSpan CoarseInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();

    // One more, as a rate is of two samples.
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
            // A gap is not to be missed because of where it fell.
            _coarse.Add(_hasGap ? sample with { Actor = null } : sample);
            _coarseAt = sample.At;
            _hasGap = false;
        }
    }

    /// <summary>The samples of a range, the oldest first; empty before the first one.</summary>
    public IReadOnlyList<Sample> Of(HistoryRange range)
    {
        lock (_lock)
            return range == HistoryRange.Minutes ? _fine.Copy() : _coarse.Copy();
    }
}
