using System.Globalization;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Metrics;

namespace TurnServer.Admin.Metrics;

/// <summary>The metrics that a server of a cluster has besides <see cref="ServerMetrics"/>.</summary>
internal static class ClusterMetrics
{
    public static void AddTo(MetricSet<Sample> metrics)
    {
        AddOwnership(metrics);
        AddAppends(metrics);
        AddShards(metrics);
        metrics
            .Gauges("turnserver_etcd_up", "Whether a server of etcd answered the last time: 1 or 0.", "endpoint",
                sample => Servers(sample, server => server is { Version: null, IsDenied: false } ? 0 : 1))
            .Gauges("turnserver_etcd_database_bytes", "Size of the database of a server of etcd, on disk.", "endpoint",
                sample => Servers(sample, server => server.Version is null ? null : server.DatabaseBytes));
    }

    private static void AddOwnership(MetricSet<Sample> metrics) => metrics
        .Gauge("turnserver_cluster_is_owner", "Whether this server owns the table, or with shards the lobby: 1 or 0.",
            sample => sample.Cluster is not { } cluster ? null : cluster.IsOwner ? 1 : 0)
        .Gauge("turnserver_cluster_epoch",
            "How many times the table, or all shards together, have been taken over, by any server.",
            sample => sample.Cluster?.Epoch)
        .Gauge("turnserver_cluster_members", "Servers of the cluster that are registered.",
            sample => sample.Cluster?.Members.Count)
        .Gauge("turnserver_cluster_position", "The last batch of the log that this server has; 0 with shards.",
            sample => sample.Cluster?.Position)
        .Gauge("turnserver_cluster_behind_batches",
            "Batches of the log that this server lacks and another one has; 0 with shards.",
            sample => sample.Cluster?.Behind)
        .Counters("turnserver_cluster_takeovers_total",
            "Takeovers since the start of this server, by cause: those by any server, with shards those by this one.",
            "cause",
            TakeOverCause.All.Select((cause, index) => (cause.Replace(' ', '_'),
                (Func<Sample, double?>)(sample => sample.Cluster?.TakeOversByCause[index]))));

    private static void AddAppends(MetricSet<Sample> metrics) => metrics
        .Counter("turnserver_cluster_appends_total", "Batches that this server appended to the log.",
            sample => sample.Cluster?.Appended.Batches)
        .Counter("turnserver_cluster_append_bytes_total", "Bytes that this server appended to the log.",
            sample => sample.Cluster?.Appended.Bytes)
        .Counter("turnserver_cluster_append_failures_total",
            "Attempts to append that were not acknowledged; each is repeated until its outcome is known.",
            sample => sample.Cluster?.Appended.Failures)
        .Counter("turnserver_cluster_append_seconds_total",
            "Time that appends took, from the first attempt to the acknowledgement.",
            sample => sample.Cluster?.Appended.Time.TotalSeconds)
        .Gauge("turnserver_cluster_snapshot_bytes",
            "Size of the latest snapshot that this server wrote to the log as the owner; 0: none.",
            sample => sample.Cluster?.SnapshotBytes);

    // Only of the shards that this server owns: the sum over all servers is that of the cluster.
    private static void AddShards(MetricSet<Sample> metrics) => metrics
        .Gauge("turnserver_cluster_shards_owned", "Shards that this server owns, the lobby included.",
            sample => HasShards(sample) ? Owned(sample).Count() : null)
        .Gauge("turnserver_cluster_messages_waiting",
            "Messages from shards of this server to other shards that those have not applied yet.",
            sample => HasShards(sample) ? Owned(sample).Sum(shard => shard.Load?.MessagesWaiting ?? 0) : null)
        .Gauges("turnserver_cluster_shard_games", "Games of a shard that this server owns.", "shard",
            sample => Shards(sample, load => load.Games))
        .Counters("turnserver_cluster_shard_turns_total",
            "Turns of a shard that this server owns, those under former owners included.", "shard",
            sample => Shards(sample, load => load.Turns))
        .Gauges("turnserver_cluster_shard_messages_waiting",
            "Messages from a shard that this server owns to other shards that those have not applied yet.", "shard",
            sample => Shards(sample, load => load.MessagesWaiting));

    private static bool HasShards(Sample sample) => sample.Cluster?.Shards.Count > 0;

    private static IEnumerable<ShardStatus> Owned(Sample sample) =>
        sample.Cluster is { } cluster ? cluster.Shards.Where(shard => shard.Owner == cluster.Self) : [];

    private static IEnumerable<(string, double?)> Shards(Sample sample, Func<ShardLoad, double?> read) =>
        Owned(sample).Select(shard => (shard.Number.ToString(CultureInfo.InvariantCulture),
            shard.Load is { } load ? read(load) : null));

    private static IEnumerable<(string, double?)> Servers(Sample sample, Func<EtcdServerStatus, double?> read) =>
        sample.Cluster?.Etcd?.Status.Servers.Select(server => (server.Address, read(server))) ?? [];
}
