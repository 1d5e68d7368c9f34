using System.Text;
using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Cluster;
using TurnServer.Cluster.Placement;
using TurnServer.Cluster.Replication;
using TurnServer.Journal;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Tests.Support;

/// <summary>One server of a cluster in this process, without sockets: the others are asked by calls.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    public const int WaitSecondsMax = 60;

    private static readonly ClientAddress From = ClientAddress.OfBits(1);

    private readonly TestCluster _cluster;
    private readonly Task _running;
    private bool _isDisposed;
    private int _asking;

    /// <param name="cluster">The cluster.</param>
    /// <param name="id">Its name.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="isFrozen">
    /// Whether the store of a shard does not answer it before <see cref="StoreAccess.Thaw"/>.
    /// </param>
    public TestServer(TestCluster cluster, string id, TimeProvider clock, Func<int, bool> isFrozen)
    {
        _cluster = cluster;
        Id = id;
        Accesses = [.. cluster.Stores.Select(store => store.Connect())];
        foreach (var access in Accesses.Where(access => isFrozen(access.Role.Number)))
            access.Freeze();
        var self = ClusterPieces.Member(id) with { StartedAt = clock.GetUtcNow() };
        var grace = TimeSpan.FromSeconds(30);
        var outages = new StoreOutages(Log);
        IReadOnlyList<ClusterShard> shards = [.. Accesses.Select(access =>
        {
            var log = new ForwardOnlyLog(access);
            var candidate = new ShardCandidate(log, id, new StateSettings(new RulesOptions(), false), grace,
                _ => new RandomKeySource(), clock);
            return new ClusterShard(self, log, candidate, grace,
                actor => new TurnGateway(actor, WaitSecondsMax, Log, confirmsQueries: true), clock, Log, outages);
        })];
        if (shards.Count == 1)
        {
            Node = new ClusterNode(self, Access, shards[0]);
        }
        else
        {
            var placement = new ShardPlacement(shards.Count, clock) { SettlingTime = cluster.SettlingTime };
            Mover = new ShardMover(id, shards, placement, clock, Log);
            Node = new ClusterNode(self, Access, new SharedOwners(cluster.Stores), Mover, shards);
        }

        Gateway = new ClusterGateway(Node, cluster.PassOnAsync, clock);
        Overview = new ClusterOverview(Node, Gateway.AskForReportAsync, clock);
        Gateway.Report = async () => (await Overview.ReportAsync()).ToBytes();
        if (Mover is not null)
            Mover.Ask = AskForShardAsync;
        foreach (var shard in Node.Shards)
            shard.Send = Gateway.SendMessagesAsync;
        _running = Node.RunAsync();
    }

    public string Id { get; }

    public RecordingLog Log { get; } = new();

    /// <summary>The log of the lobby, or of the one table for everything.</summary>
    public StoreAccess Access => Accesses[0];

    /// <summary>The logs of all shards.</summary>
    public IReadOnlyList<StoreAccess> Accesses { get; }

    public ClusterNode Node { get; }

    /// <summary>Null: the cluster has one table for everything.</summary>
    public ShardMover? Mover { get; }

    /// <summary>The most shards that it asked for at once.</summary>
    public int AskedAtOnce { get; private set; }

    public ClusterGateway Gateway { get; }

    public ClusterOverview Overview { get; }

    /// <summary>Whether other servers cannot reach it.</summary>
    public bool IsUnreachable { get; set; }

    /// <summary>How many shards it owns.</summary>
    public int Owned => Node.Shards.Count(shard => shard.Route.Here is not null);

    public bool IsOwner => Node.Lobby.Route.Here is not null;

    /// <summary>The reply's bytes as text.</summary>
    public async Task<string> AskAsync(string body, int waitSeconds = 0) => Encoding.UTF8.GetString(
        (await Gateway.AskAsync(Encoding.UTF8.GetBytes(body), null, waitSeconds, From)).Body);

    public async Task<string> GetWaitingAsync(string query = "") =>
        Encoding.UTF8.GetString((await Gateway.GetWaitingAsync(query)).Body);

    public Task UntilOwnerAsync() => TestWait.UntilAsync(() => IsOwner, $"{Id} owns the table");

    /// <summary>Waits until it stands by and has read all that there is.</summary>
    public Task UntilFollowingAsync() => TestWait.UntilAsync(
        () => Node.Lobby.Route.Owner is not null && Overview.GetStatus().Position == _cluster.Store.Head.Position,
        $"{Id} follows");

    /// <summary>Dies: it writes nothing from now on, and its registration runs out.</summary>
    public void Kill()
    {
        foreach (var access in Accesses)
            access.Freeze();
        IsUnreachable = true;
        _cluster.Store.RemoveMember(Id);
    }

    private async ValueTask<bool> AskForShardAsync(ClusterMember owner, int shard)
    {
        AskedAtOnce = Math.Max(AskedAtOnce, Interlocked.Increment(ref _asking));
        try
        {
            return await Gateway.AskForShardAsync(owner, shard, Id);
        }
        finally
        {
            Interlocked.Decrement(ref _asking);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        foreach (var access in Accesses)
            access.Thaw();
        Node.Stop();
        await _running;
        Node.Dispose();
    }
}

/// <summary>Servers that share a store and can ask each other.</summary>
/// <param name="clock">The clock.</param>
/// <param name="gameShards">How many shards share the games; 0: one table has everything.</param>
internal sealed class TestCluster(TimeProvider clock, int gameShards = 0) : IAsyncDisposable
{
    private readonly List<TestServer> _servers = [];

    /// <summary>The lobby's, or that of the one table; it has the members too.</summary>
    public SharedStore Store => Stores[0];

    /// <summary>How long a server must have been there before shards move to it.</summary>
    public TimeSpan SettlingTime { get; init; }

    /// <summary>One for each shard.</summary>
    public IReadOnlyList<SharedStore> Stores { get; } = [.. Enumerable.Range(0, gameShards + 1)
        .Select(number => new SharedStore(new ShardRole(number, gameShards)))];

    public TestServer Start(string id, bool isFrozen = false) => Start(id, _ => isFrozen);

    /// <param name="id">Its name.</param>
    /// <param name="isFrozen">Whether the store of a shard does not answer it at first.</param>
    public TestServer Start(string id, Func<int, bool> isFrozen)
    {
        var server = new TestServer(this, id, clock, isFrozen);
        lock (_servers)
            _servers.Add(server);
        return server;
    }

    /// <summary>Waits until each shard is its first server's, and all servers know that.</summary>
    public async Task UntilPlacedAsync(params TestServer[] servers)
    {
        await TestWait.UntilAsync(() => Store.Members.Count == servers.Length, "all are registered");
        foreach (var (number, store) in Stores.Index())
        {
            var owner = Rendezvous.Rank(number, Store.Members)[0].Id;
            await TestWait.UntilAsync(
                () => store.Head.Owner == owner && servers.All(server => server.Node.Shards[number].OwnerId == owner),
                $"shard {number} is {owner}'s");
        }
    }

    /// <summary>What the link between two servers does.</summary>
    public async ValueTask<ForwardAnswer> PassOnAsync(ClusterMember owner, ForwardedRequest request)
    {
        TestServer to;
        lock (_servers)
            to = _servers.Single(server => server.Id == owner.Id);
        return to.IsUnreachable ? ForwardAnswer.NotTaken : await to.Gateway.AnswerAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
            await server.DisposeAsync();
    }
}
