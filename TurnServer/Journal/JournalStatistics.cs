namespace TurnServer.Journal;

/// <summary>What the journal has done since the start; all zero while the state is kept in memory only.</summary>
internal sealed record JournalStatistics
{
    /// <summary>Records appended.</summary>
    public long Records { get; init; }

    /// <summary>Bytes appended.</summary>
    public long RecordBytes { get; init; }

    /// <summary>Syncs of the journal to the disk.</summary>
    public long Syncs { get; init; }

    /// <summary>Time spent syncing.</summary>
    public TimeSpan SyncTime { get; init; }

    /// <summary>Snapshots written by compaction.</summary>
    public long Snapshots { get; init; }

    /// <summary>The size of the latest snapshot, in bytes.</summary>
    public long SnapshotBytes { get; init; }

    /// <summary>Whether the journal cannot be written and requests are refused.</summary>
    public bool IsStalled { get; init; }

    /// <summary>Whether the directory is gone or replaced and games would not survive a crash.</summary>
    public bool IsLost { get; init; }
}

/// <summary>Counts what the journal's threads do. Any thread may read.</summary>
internal sealed class JournalCounters
{
    private long _syncs;
    private long _syncTicks;
    private long _snapshots;
    private StateStore? _store;
    private JournalWriter? _journal;

    /// <summary>
    /// Observes this store, whose journal has begun. To be called before the first <see cref="Read"/>.
    /// </summary>
    public void Watch(StateStore store)
    {
        // The store releases its journal when it is disposed, which may be before the last scrape.
        _journal = store.Journal;
        _store = store;
    }

    public void CountSync(TimeSpan took)
    {
        Interlocked.Increment(ref _syncs);
        Interlocked.Add(ref _syncTicks, took.Ticks);
    }

    public void CountSnapshot() => Interlocked.Increment(ref _snapshots);

    public JournalStatistics Read() => _store is not { } store || _journal is not { } journal
        ? new JournalStatistics()
        : new JournalStatistics
        {
            Records = journal.RecordCount,
            RecordBytes = journal.Position,
            Syncs = Volatile.Read(ref _syncs),
            SyncTime = TimeSpan.FromTicks(Volatile.Read(ref _syncTicks)),
            Snapshots = Volatile.Read(ref _snapshots),
            SnapshotBytes = store.Compactor.SnapshotBytes,
            IsStalled = journal.IsStalled,
            IsLost = journal.Fault is not null,
        };
}
