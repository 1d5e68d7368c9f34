using Prometheus;

namespace TurnServer.Journal;

/// <summary>Metrics of the journal and its snapshots.</summary>
internal sealed class StateMeters
{
    private readonly Counter _syncs;
    private readonly Counter _syncSeconds;
    private readonly Counter _snapshots;
    private StateStore? _store;
    private JournalWriter? _journal;

    /// <summary>Registers them; they stay 0 while the state is kept in memory only.</summary>
    public StateMeters(CollectorRegistry registry)
    {
        var metrics = Metrics.WithCustomRegistry(registry);
        var records = metrics.CreateCounter("turnserver_state_records_total", "Records appended to the journal.");
        var bytes = metrics.CreateCounter("turnserver_state_bytes_total", "Bytes appended to the journal.");
        var stalled = metrics.CreateGauge("turnserver_state_stalled",
            "1 while the journal cannot be written and requests are refused; otherwise 0.");
        var lost = metrics.CreateGauge("turnserver_state_lost",
            "1 while the state directory is gone or replaced and games would not survive a crash; otherwise 0.");
        _syncs = metrics.CreateCounter("turnserver_state_syncs_total", "Syncs of the journal to the disk.");
        _syncSeconds = metrics.CreateCounter("turnserver_state_sync_seconds_total", "Time spent syncing.");
        _snapshots = metrics.CreateCounter("turnserver_state_snapshots_total", "Snapshots written by compaction.");
        var snapshotBytes = metrics.CreateGauge("turnserver_state_snapshot_bytes", "Size of the latest snapshot.");
        registry.AddBeforeCollectCallback(() =>
        {
            if (_store is not { } store || _journal is not { } journal)
                return;
            snapshotBytes.Set(store.Compactor.SnapshotBytes);
            records.IncTo(journal.RecordCount);
            bytes.IncTo(journal.Position);
            stalled.Set(journal.IsStalled ? 1 : 0);
            lost.Set(journal.Fault is null ? 0 : 1);
        });
    }

    /// <summary>
    /// Observes this store, whose journal has begun. To be called before the first scrape.
    /// </summary>
    public void Watch(StateStore store)
    {
        // The store releases its journal when it is disposed, which may be before the last scrape.
        _journal = store.Journal;
        _store = store;
    }

    public void Synced(TimeSpan took)
    {
        _syncs.Inc();
        _syncSeconds.Inc(took.TotalSeconds);
    }

    public void Compacted() => _snapshots.Inc();
}
