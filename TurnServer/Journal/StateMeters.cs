using Prometheus;

namespace TurnServer.Journal;

/// <summary>Counts what is done for the state, for those who watch.</summary>
internal sealed class StateMeters
{
    private readonly Counter _syncs;
    private readonly Counter _syncSeconds;
    private readonly Counter _snapshots;
    private StateStore? _store;
    private JournalWriter? _journal;

    /// <summary>Counters in this registry, which stay at 0 where no state is kept.</summary>
    public StateMeters(CollectorRegistry registry)
    {
        var metrics = Metrics.WithCustomRegistry(registry);
        var records = metrics.CreateCounter("turnserver_state_records_total", "Records made in the journal.");
        var bytes = metrics.CreateCounter("turnserver_state_bytes_total", "Bytes recorded in the journal.");
        var stalled = metrics.CreateGauge("turnserver_state_stalled",
            "1 while nothing can be recorded, and requests are refused for that; otherwise 0.");
        var lost = metrics.CreateGauge("turnserver_state_lost",
            "1 while the state's directory is gone or another, and games would not survive a crash; otherwise 0.");
        _syncs = metrics.CreateCounter("turnserver_state_syncs_total", "Times that the journal was synced.");
        _syncSeconds = metrics.CreateCounter("turnserver_state_sync_seconds_total", "Time that syncing took.");
        _snapshots = metrics.CreateCounter("turnserver_state_snapshots_total", "Snapshots made of full segments.");
        var snapshotBytes = metrics.CreateGauge("turnserver_state_snapshot_bytes", "How long the latest snapshot is.");
        registry.AddBeforeCollectCallback(() =>
        {
            if (_store is not { } store || _journal is not { } journal)
                return;
            snapshotBytes.Set(store.SnapshotBytes);
            records.IncTo(journal.RecordCount);
            bytes.IncTo(journal.Position);
            stalled.Set(journal.IsStalled ? 1 : 0);
            lost.Set(journal.Fault is null ? 0 : 1);
        });
    }

    /// <summary>
    /// Looks from now on at this store, whose journal has been begun. To be called before anybody looks at the counters.
    /// </summary>
    public void Watch(StateStore store)
    {
        // The store lets go of its journal as it ends, and may still be looked at then.
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
