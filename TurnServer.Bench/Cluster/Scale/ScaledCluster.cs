using TurnServer.Bench.Cluster.Cost;
using TurnServer.Bench.Processes;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Cluster.Placement;
using TurnServer.Rules;

namespace TurnServer.Bench.Cluster.Scale;

/// <summary>CPU time in seconds.</summary>
/// <param name="Servers">Of all turn servers.</param>
/// <param name="Lobby">Of the one that owns the lobby.</param>
/// <param name="Etcd">Of all etcds.</param>
internal readonly record struct ClusterCpu(double Servers, double Lobby, double Etcd)
{
    public static ClusterCpu operator -(ClusterCpu one, ClusterCpu other) =>
        new(one.Servers - other.Servers, one.Lobby - other.Lobby, one.Etcd - other.Etcd);

    public static ClusterCpu operator /(ClusterCpu cpu, double seconds) =>
        new(cpu.Servers / seconds, cpu.Lobby / seconds, cpu.Etcd / seconds);
}

/// <summary>A cluster with shards on this machine, and what its processes use and its logs hold.</summary>
internal sealed class ScaledCluster : IDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(40);

    // Servers are given shards after ten seconds.
    private static readonly TimeSpan PlacementTimeout = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("turnserver-scale-");
    private readonly HttpClient _http = new();
    private readonly TestedCluster _cluster;
    private readonly EtcdConnection _etcd;
    private readonly EtcdCompactor _compactor;
    private readonly IShardLog[] _logs;
    private int _lobby;
    private long _epoch;

    private ScaledCluster(int nodes, CostOptions options)
    {
        var shape = new ClusterShape(nodes, options.GameShards);
        var sites = Site.OnLoopback(shape.Machines, options.Port);
        _cluster = new TestedCluster(sites, _folder.FullName, options.Server, shape);
        _etcd = new EtcdConnection(new EtcdOptions
        {
            Endpoints = [.. sites.Take(ClusterShape.Etcds).Select(site => site.Etcd)],
        });
        _compactor = new EtcdCompactor(_etcd);
        _logs =
        [
            .. Enumerable.Range(0, options.GameShards + 1)
                .Select(shard => new EtcdShardLog(_etcd, _compactor, new ShardRole(shard, options.GameShards))),
        ];
    }

    /// <summary>Where players come in.</summary>
    public IReadOnlyList<int> Ports => [.. _cluster.Servers.Select(machine => machine.Site.Port)];

    /// <summary>The same without the server that owns the lobby, if there is another one.</summary>
    public IReadOnlyList<int> PortsBesideLobby => _cluster.Servers.Count == 1
        ? Ports
        : [.. Ports.Where((_, machine) => machine != _lobby)];

    /// <exception cref="BenchException">A process has ended.</exception>
    public ClusterCpu Cpu =>
        new(_cluster.ServersCpuSeconds, _cluster.Servers[_lobby].ServerCpuSeconds, _cluster.EtcdCpuSeconds);

    /// <summary>Starts a cluster, and waits until each server owns its part of the shards.</summary>
    /// <exception cref="BenchException">It does not start.</exception>
    public static async Task<ScaledCluster> StartAsync(int nodes, CostOptions options)
    {
        var cluster = new ScaledCluster(nodes, options);
        try
        {
            await cluster._cluster.StartAsync(StartTimeout, CancellationToken.None);
            await TestedCluster.WaitAsync(cluster.IsPlacedAsync, "the placement of shards", PlacementTimeout,
                CancellationToken.None);
            (cluster._lobby, cluster._epoch) = (cluster._cluster.Owner, cluster._cluster.Epoch);
            return cluster;
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    /// <summary>Checks that nothing happened that makes the measurement worthless.</summary>
    /// <exception cref="BenchException">Something did.</exception>
    public void Check()
    {
        if (_cluster.Epoch != _epoch)
            throw new BenchException("another server took over the lobby while the cluster was measured");
    }

    /// <summary>The last batch of each log, the lobby's first.</summary>
    public Task<long[]> PositionsAsync() => Task.WhenAll(_logs.Select(async log =>
        (await log.ReadHeadAsync(CancellationToken.None)).Position));

    /// <summary>What the logs have between two positions each: the lobby's, and those of the games together.</summary>
    public async Task<(LogCount Lobby, LogCount Games)> CountAsync(long[] since, long[] upTo)
    {
        var counts = new List<LogCount>();
        for (var shard = 0; shard < _logs.Length; shard++)
            counts.Add(await LogCount.ReadAsync(_logs[shard], since[shard], upTo[shard]));
        return (counts[0], counts.Skip(1).Aggregate((one, other) => one + other));
    }

    public void Dispose()
    {
        _cluster.Dispose();
        _http.Dispose();
        _etcd.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task<bool> IsPlacedAsync()
    {
        var servers = _cluster.Servers.Select(machine => new ClusterMember
        {
            Id = "",
            Address = machine.Site.LinkAddress,
            Token = "",
            Version = "",
            StartedAt = default,
        }).ToList();
        var owners = Enumerable.Range(0, _logs.Length).Select(shard => Rendezvous.Rank(shard, servers)[0]).ToList();
        for (var i = 0; i < servers.Count; i++)
        {
            var owned = await MetricsPage.ReadAsync(_http, _cluster.Servers[i].Site.AdminPort,
                "turnserver_cluster_shards_owned");
            if ((int)owned != owners.Count(owner => owner == servers[i]))
                return false;
        }

        return true;
    }
}
