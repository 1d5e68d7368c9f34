using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Cluster.Replication;

namespace TurnServer.Admin.Status;

/// <summary>The cluster in <c>/status.json</c>.</summary>
internal sealed class ClusterReport
{
    private readonly ClusterStatus _cluster;
    private readonly AppendTotals? _minuteAgo;

    /// <param name="cluster">The state now.</param>
    /// <param name="minuteAgo">What had been appended a minute ago; null: unknown.</param>
    internal ClusterReport(ClusterStatus cluster, AppendTotals? minuteAgo) =>
        (_cluster, _minuteAgo) = (cluster, minuteAgo);

    public string Name => _cluster.Name;

    public string Self => _cluster.Self;

    public string? Owner => _cluster.Owner;

    public long Epoch => _cluster.Epoch;

    public DateTime? OwnedSince => _cluster.OwnedSince?.UtcDateTime;

    public MemberRow[] Members => [.. _cluster.Members.Select(member => new MemberRow(member))];

    public ShardRow[]? Shards => HasShards ? [.. _cluster.Shards.Select(shard => new ShardRow(shard))] : null;

    public TakeOverRow[] TakeOvers =>
        [.. _cluster.TakeOvers.Select(takeOver => new TakeOverRow(takeOver, HasShards))];

    public AppendReport Append => new(_cluster.Appended, _minuteAgo);

    public long SnapshotBytes => _cluster.SnapshotBytes;

    public string? Problem =>
        _cluster.Problem ?? _cluster.StandbyProblem ?? _cluster.Etcd?.Status.Agreement.Split;

    public EtcdRow[]? Etcd => _cluster.Etcd is { } etcd
        ? [.. etcd.Status.Servers.Select(server => new EtcdRow(server))]
        : null;

    public decimal? EtcdAgeSeconds => JsonNumbers.Round(_cluster.Etcd?.Age.TotalSeconds);

    private bool HasShards => _cluster.Shards.Count > 0;
}

internal sealed class MemberRow
{
    private readonly MemberStatus _member;

    internal MemberRow(MemberStatus member) => _member = member;

    public string Id => _member.Id;

    public string Address => _member.Address;

    public string Version => _member.Version;

    public DateTime StartedAt => _member.StartedAt.UtcDateTime;

    public bool IsSelf => _member.IsSelf;

    public bool IsOwner => _member.IsOwner;

    public bool IsLeaving => _member.IsLeaving;

    public int Shards => _member.Shards;

    public long Position => _member.Position;

    public long Behind => _member.Behind;
}

internal sealed class ShardRow
{
    private readonly ShardStatus _shard;

    internal ShardRow(ShardStatus shard) => _shard = shard;

    public int Number => _shard.Number;

    public string? Owner => _shard.Owner;

    public long Epoch => _shard.Epoch;

    public int? Players => _shard.Load?.Players;

    public int? Games => _shard.Load?.Games;

    public long? Turns => _shard.Load?.Turns;

    public long? BacklogBytes => _shard.Load?.BacklogBytes;

    public int? MessagesWaiting => _shard.Load?.MessagesWaiting;
}

internal sealed class TakeOverRow
{
    private readonly ShardMove _takeOver;
    private readonly bool _hasShards;

    internal TakeOverRow(ShardMove takeOver, bool hasShards) => (_takeOver, _hasShards) = (takeOver, hasShards);

    public DateTime At => _takeOver.At.UtcDateTime;

    public int? Shard => _hasShards ? _takeOver.Shard : null;

    public string By => _takeOver.Owner;

    public string Cause => _takeOver.Cause;
}

internal sealed class AppendReport
{
    private readonly AppendTotals _totals;
    private readonly AppendTotals? _minuteAgo;

    internal AppendReport(AppendTotals totals, AppendTotals? minuteAgo) => (_totals, _minuteAgo) = (totals, minuteAgo);

    public long Batches => _totals.Batches;

    public long Bytes => _totals.Bytes;

    public long Failures => _totals.Failures;

    public decimal? MeanMilliseconds => _minuteAgo is { } before && _totals.Batches > before.Batches
        ? JsonNumbers.Round((_totals.Time - before.Time).TotalMilliseconds / (_totals.Batches - before.Batches))
        : null;
}

internal sealed class EtcdRow
{
    private readonly EtcdServerStatus _server;

    internal EtcdRow(EtcdServerStatus server) => _server = server;

    public string Address => _server.Address;

    public string? Version => _server.Version;

    public long? DatabaseBytes => _server.Version is null ? null : _server.DatabaseBytes;

    public bool IsLeader => _server.IsLeader;

    public string? Error => _server.Error;
}
