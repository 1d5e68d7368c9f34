using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Cluster.Placement;
using TurnServer.Cluster.Replication;
using TurnServer.Journal;
using TurnServer.Rules;

namespace TurnServer.Cli;

/// <summary>All parts of a server of a cluster that depend on how many shards the cluster has.</summary>
internal sealed class ClusterRun : IDisposable
{
    // Longer than an election takes in etcd.
    private static readonly TimeSpan StoreSilentAfter = TimeSpan.FromSeconds(3);

    private readonly ServeOptions _options;
    private readonly ClusterMember _self;
    private readonly EtcdConnection _connection;
    private readonly EtcdCompactor _compactor;
    private readonly EtcdHeads? _heads;
    private readonly StoreOutages _outages;
    private readonly ILogger _log;
    private readonly NodeLinks _links;

    /// <param name="options">The flags.</param>
    /// <param name="gameShards">How many shards share the games; 0: there is one table for everything.</param>
    /// <param name="self">This server.</param>
    /// <param name="connection">Where etcd is; not disposed of together with this.</param>
    /// <param name="compactor">Compacts etcd's history; not disposed of together with this.</param>
    /// <param name="heads">Reads the heads of shards; not disposed of together with this.</param>
    /// <param name="log">For the operator.</param>
    public ClusterRun(ServeOptions options, int gameShards, ClusterMember self, EtcdConnection connection,
        EtcdCompactor compactor, EtcdHeads heads, ILogger log)
    {
        (_options, _self, _connection, _compactor, _log) = (options, self, connection, compactor, log);
        _heads = gameShards > 0 ? heads : null;
        _outages = new StoreOutages(log);
        var clock = TimeProvider.System;
        _links = new NodeLinks(self.Id, clock, log);
        var shards = Enumerable.Range(0, gameShards + 1)
            .Select(number => CreateShard(new ShardRole(number, gameShards))).ToList();
        var members = new EtcdMembers(connection, log);
        var mover = gameShards == 0
            ? null
            : new ShardMover(self.Id, shards, new ShardPlacement(shards.Count, clock), clock, log);
        Node = mover is null
            ? new ClusterNode(self, members, shards[0])
            : new ClusterNode(self, members, new EtcdOwners(connection, log), mover, shards);
        Gateway = new ClusterGateway(Node, _links.AskAsync, clock);
        mover?.Ask = (owner, shard) => Gateway.AskForShardAsync(owner, shard, self.Id);
        Overview = new ClusterOverview(Node, Gateway.AskForReportAsync, clock);
        Gateway.Report = async () => (await Overview.ReportAsync()).ToBytes();
        foreach (var shard in shards)
            shard.Send = Gateway.SendMessagesAsync;
    }

    public ClusterNode Node { get; }

    public ClusterGateway Gateway { get; }

    public ClusterOverview Overview { get; }

    public void Dispose()
    {
        _links.Dispose();
        Node.Dispose();
    }

    private ClusterShard CreateShard(ShardRole role)
    {
        var clock = TimeProvider.System;
        var log = role == ShardRole.Whole ? _log : new ShardLogger(_log, role.Number);
        var grace = _options.State.GraceUnder(_options.Rules);
        var shardLog = new ForwardOnlyLog(new EtcdShardLog(_connection, _compactor, role, heads: _heads));
        var candidate = new ShardCandidate(shardLog, _self.Id,
            new StateSettings(_options.Rules, _options.HasSequentialKeys), grace,
            last => Server.CreateKeySource(_options, last), clock);
        var shard = new ClusterShard(_self, shardLog, candidate, grace,
            actor => new TurnGateway(actor, _options.Http.WaitSecondsMax, log, confirmsQueries: true), clock, log,
            _outages);
        var link = _links.For(shard.Signs);
        shard.OwnerFound = link.Connect;
        shard.IsPassingOn = () => link.IsConnected;
        shard.IsOwnerUnreachable = () => link.IsUnreachable;
        shard.IsOwnerLost = () => link.IsLost && _connection.Silence >= StoreSilentAfter;
        return shard;
    }
}
