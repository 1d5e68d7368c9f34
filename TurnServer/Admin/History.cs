namespace TurnServer.Admin;

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
/// "since when". Longer is the work of a monitoring system. At under a kilobyte a reading it takes some 600 KB. Written
/// by the sampler, read by whoever asks.
/// </summary>
internal sealed class History
{
    /// <summary>Five minutes by the second: about as many points as a chart is wide on a phone.</summary>
    public const int FineCount = 300;

    /// <summary>An hour, by ten seconds.</summary>
    public const int CoarseCount = 360;

    /// <summary>Between two fine readings.</summary>
    public static readonly TimeSpan FineInterval = TimeSpan.FromSeconds(1);

    /// <summary>Between two coarse readings.</summary>
    public static readonly TimeSpan CoarseInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();

    // One more, as a rate is of two readings.
    private readonly Ring<Reading> _fine = new(FineCount + 1);
    private readonly Ring<Reading> _coarse = new(CoarseCount + 1);
    private TimeSpan? _coarseAt;
    private bool _hasGap;

    /// <summary>Adds a reading that is younger than all before.</summary>
    public void Add(Reading reading)
    {
        lock (_lock)
        {
            _fine.Add(reading);
            _hasGap |= reading.Actor is null;
            // A tick may come a little early.
            if (reading.At - _coarseAt < CoarseInterval - (FineInterval / 2))
                return;
            // A gap is not to be missed because of where it fell.
            _coarse.Add(_hasGap ? reading with { Actor = null } : reading);
            _coarseAt = reading.At;
            _hasGap = false;
        }
    }

    /// <summary>The readings of a range, the oldest first; empty before the first one.</summary>
    public IReadOnlyList<Reading> Of(HistoryRange range)
    {
        lock (_lock)
            return range == HistoryRange.Minutes ? _fine.Copy() : _coarse.Copy();
    }
}
