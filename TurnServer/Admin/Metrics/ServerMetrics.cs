using TurnServer.Actor;
using TurnServer.Http.WebSockets;
using TurnServer.Metrics;
using TurnServer.Rules;
using TurnServer.Service;

namespace TurnServer.Admin.Metrics;

/// <summary>
/// Every metric that is read from a <see cref="Sample"/>, a line each; <see cref="RequestMetrics"/> has those that are
/// counted as requests come. The actor's are hidden while it does not answer.
/// </summary>
internal static class ServerMetrics
{
    /// <param name="registry">Where they are added.</param>
    /// <param name="version">The server's.</param>
    /// <param name="hasCluster">Whether the server belongs to a cluster.</param>
    public static MetricSet<Sample> In(MetricsRegistry registry, string version, bool hasCluster)
    {
        var metrics = new MetricSet<Sample>(registry);
        metrics.Info("turnserver_build_info", "Always 1; the label has the version.", "version", version);
        AddActor(metrics);
        AddHttp(metrics);
        AddJournal(metrics);
        AddProcess(metrics);
        if (hasCluster)
            ClusterMetrics.AddTo(metrics);
        registry.AddProcess();
        return metrics;
    }

    private static void AddActor(MetricSet<Sample> metrics) => metrics
        .Gauge("turnserver_actor_responding",
            "Whether the actor, which owns the games, answered within a second: 1, or 0 and its metrics are missing.",
            sample => sample.Actor is null ? 0 : 1)
        .Gauges<PlayerStatus>("turnserver_players", "Live registrations by status.", "status",
            sample => sample.Actor?.Table.PlayersByStatus)
        .Gauge("turnserver_games", "Games in progress, including those that one player has left.",
            sample => sample.Actor?.Table.Games)
        .Gauge("turnserver_held_replies", "Replies being held.", sample => sample.Actor?.HeldReplies)
        .Gauge("turnserver_backlog_bytes", "Bytes of turns not yet delivered, or not yet acknowledged.",
            sample => sample.Actor?.Table.BacklogBytes)
        .Gauge("turnserver_mailbox_messages", "Messages waiting for the actor.", sample => sample.Actor?.MailboxDepth)
        .Gauge("turnserver_mailbox_capacity_messages", "The most messages that may wait.",
            _ => TurnActor.MailboxCapacity)
        .Counters<DropCause>("turnserver_drops_total",
            "Registrations and seats that were ended without a request of their player, by cause.", "cause",
            sample => sample.Actor?.Table.DropsByCause)
        .Counter("turnserver_registrations_total", "Registrations; one repeated with its token counts once.",
            sample => sample.Actor?.Table.Registrations)
        .Counter("turnserver_games_started_total", "Games started.", sample => sample.Actor?.Table.GamesStarted)
        .Counter("turnserver_turns_relayed_total",
            "Turns accepted for a partner, without repeated requests and empty turns.",
            sample => sample.Actor?.Table.Turns)
        .Counter("turnserver_turns_relayed_bytes_total", "Bytes of the turns accepted for a partner.",
            sample => sample.Actor?.Table.TurnBytes)
        .Counter("turnserver_actor_messages_total",
            "Messages handled by the actor: requests, read-only queries and timer ticks.",
            sample => sample.Actor?.Messages)
        .Counter("turnserver_actor_busy_seconds_total",
            "Time for which the actor worked; it has one thread, so 1 per second is its limit.",
            sample => sample.Actor?.Busy.TotalSeconds);

    private static void AddHttp(MetricSet<Sample> metrics) => metrics
        .Gauge("turnserver_requests_in_progress", "Requests in progress, held ones included.",
            sample => sample.Http.UnderWay)
        .Gauge("turnserver_connections", "Open connections of players.", sample => sample.Http.Connections)
        .Gauge("turnserver_connections_max", "The most connections of players that may be open.",
            sample => sample.Http.ConnectionsMax)
        .Counters("turnserver_connections_closed_total",
            "Players' connections closed by cause: a head that was too slow or too long, or too many connections.",
            "cause", ("slow_head", sample => sample.Http.SlowHeads),
            ("over_limit", sample => sample.Http.ConnectionsShed))
        .Gauge("turnserver_websockets", "Open WebSockets; each is one of the open connections of players.",
            sample => sample.Http.WebSockets.Open)
        .Counter("turnserver_websockets_accepted_total", "WebSockets accepted.",
            sample => sample.Http.WebSockets.Accepted)
        .Counter("turnserver_websockets_refused_total",
            "Requests for a WebSocket that were refused: malformed, of another origin or over a limit.",
            sample => sample.Http.WebSockets.Refused)
        .Counters<SocketEnd>("turnserver_websockets_ended_total", "WebSockets that have ended, by cause.", "cause",
            sample => sample.Http.WebSockets.EndsByCause)
        .Counter("turnserver_websocket_requests_total",
            "Requests of players that came over a WebSocket; they count in turnserver_requests_total too.",
            sample => sample.Http.WebSockets.Messages)
        .Counter("turnserver_accept_failures_total", "Failures to accept a request, each of them retried.",
            sample => sample.Http.AcceptFailures);

    private static void AddJournal(MetricSet<Sample> metrics) => metrics
        .Counter("turnserver_state_records_total", "Records appended to the journal.",
            sample => sample.Journal.Records)
        .Counter("turnserver_state_bytes_total", "Bytes appended to the journal.",
            sample => sample.Journal.RecordBytes)
        .Gauge("turnserver_state_stalled",
            "1 while the journal cannot be written and requests are refused; otherwise 0.",
            sample => sample.Journal.IsStalled ? 1 : 0)
        .Gauge("turnserver_state_lost",
            "1 while the state directory is gone or replaced and games would not survive a crash; otherwise 0.",
            sample => sample.Journal.IsLost ? 1 : 0)
        .Counter("turnserver_state_syncs_total", "Syncs of the journal to the disk.", sample => sample.Journal.Syncs)
        .Counter("turnserver_state_sync_seconds_total", "Time spent syncing.",
            sample => sample.Journal.SyncTime.TotalSeconds)
        .Counter("turnserver_state_snapshots_total", "Snapshots written by compaction.",
            sample => sample.Journal.Snapshots)
        .Gauge("turnserver_state_snapshot_bytes", "Size of the latest snapshot.",
            sample => sample.Journal.SnapshotBytes);

    private static void AddProcess(MetricSet<Sample> metrics)
    {
        var descriptorsMax = FileDescriptors.Limit();
        metrics
            .Counter("dotnet_gc_pause_seconds_total", "Time for which garbage collections stopped all threads.",
                sample => sample.Process.GcPause.TotalSeconds)
            .Counter("dotnet_allocated_bytes_total", "Bytes allocated on the managed heap.",
                sample => sample.Process.AllocatedBytes)
            .Gauge("dotnet_gc_heap_bytes", "Size of the managed heap after the last collection.",
                sample => sample.Process.CollectedHeapBytes)
            .Gauge("dotnet_threadpool_threads", "Threads of the thread pool.", sample => sample.Process.PoolThreads)
            .Gauge("dotnet_threadpool_queue_items", "Work items waiting for a thread of the pool.",
                sample => sample.Process.PoolQueue)
            .Gauge("process_resident_memory_bytes", "Physical memory in use.",
                sample => sample.Process.ResidentBytes)
            .Gauge("process_open_fds", "Open file descriptors.", sample => sample.Process.Descriptors)
            .Gauge("process_max_fds", "The most file descriptors that may be open.", _ => descriptorsMax);
    }
}
