using System.Diagnostics;
using TurnServer.Bench.Cluster.Cost;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Rules;

namespace TurnServer.Bench.Cluster.Scale;

/// <summary>What etcd takes from some logs at once, without turn servers.</summary>
/// <param name="Appends">Appends a second, of all logs.</param>
/// <param name="MegabytesPerSecond">Their bytes, in MB.</param>
/// <param name="EtcdMilliseconds">CPU time of all etcds for an append.</param>
/// <param name="OwnMilliseconds">CPU time of the client for an append.</param>
internal readonly record struct StoreRate(double Appends, double MegabytesPerSecond, double EtcdMilliseconds,
    double OwnMilliseconds)
{
    private const string Server = "bench";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(40);

    /// <summary>
    /// What is tried: how many servers append, to how many logs each, and the size of a batch in bytes.
    /// </summary>
    public static IReadOnlyList<(int Servers, int Logs, int Bytes)> All { get; } =
        [(1, 1, 64), (1, 64, 64), (4, 16, 1 << 10), (16, 4, 64), (16, 4, 4 << 10), (16, 4, 32 << 10), (64, 1, 4 << 10)];

    /// <summary>Measures all, in the order of <see cref="All"/>, each on new logs.</summary>
    /// <exception cref="BenchException">etcd does not start.</exception>
    public static async Task<StoreRate[]> MeasureAsync(CostOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("turnserver-scale-");
        try
        {
            var shape = new ClusterShape(Servers: 0, GameShards: 0);
            var sites = Site.OnLoopback(shape.Machines, options.Port);
            using var cluster = new TestedCluster(sites, folder.FullName, program: null, shape);
            await cluster.StartAsync(StartTimeout, CancellationToken.None);
            var rates = new List<StoreRate>();
            foreach (var (servers, logs, bytes) in All)
                rates.Add(await MeasureAsync(cluster, servers, logs, bytes, options.RunLength));
            return [.. rates];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // A connection for each server, as appends of a server share transactions.
    private static async Task<StoreRate> MeasureAsync(TestedCluster cluster, int servers, int logs, int bytes,
        TimeSpan length)
    {
        var connections = Enumerable.Range(0, servers).Select(server => new EtcdConnection(new EtcdOptions
        {
            Endpoints = [.. cluster.Machines.Select(machine => machine.Site.Etcd)],
            Name = $"bench-{servers}-{logs}-{bytes}-{server}",
        })).ToList();
        var compactors = connections.ConvertAll(connection => new EtcdCompactor(connection));
        try
        {
            var appenders = await Task.WhenAll(connections.Zip(compactors).SelectMany(server =>
                Enumerable.Range(1, logs).Select(shard => TakeOverAsync(
                    new EtcdShardLog(server.First, server.Second, new ShardRole(shard, GameShards: 64))))));
            var (etcdBefore, ownBefore) = (cluster.EtcdCpuSeconds, Environment.CpuUsage.TotalTime);
            var startedAt = Stopwatch.GetTimestamp();
            var appends = (await Task.WhenAll(appenders.Select(appender => Task.Run(
                () => AppendAllAsync(appender.Log, appender.Head, new byte[bytes], startedAt, length))))).Sum();
            var seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
            return new StoreRate(appends / seconds, appends * bytes / seconds / 1e6,
                (cluster.EtcdCpuSeconds - etcdBefore) * 1e3 / appends,
                (Environment.CpuUsage.TotalTime - ownBefore).TotalMilliseconds / appends);
        }
        finally
        {
            foreach (var compactor in compactors)
                await compactor.DisposeAsync();
            connections.ForEach(connection => connection.Dispose());
        }
    }

    private static async Task<(IShardLog Log, ShardHead Head)> TakeOverAsync(IShardLog log)
    {
        var head = ShardHead.None.TakenOverBy(Server);
        await AppendAsync(log, ShardHead.None, head, default);
        return (log, head);
    }

    // As fast as the acknowledgements come.
    private static async Task<long> AppendAllAsync(IShardLog log, ShardHead head, byte[] batch, long startedAt,
        TimeSpan length)
    {
        var appends = 0L;
        for (; Stopwatch.GetElapsedTime(startedAt) < length; appends++)
        {
            await AppendAsync(log, head, head.Next(), batch);
            head = head.Next();
        }

        return appends;
    }

    private static async Task AppendAsync(IShardLog log, ShardHead expected, ShardHead next, ReadOnlyMemory<byte> batch)
    {
        if (!await log.TryAppendAsync(expected, next, batch, CancellationToken.None))
            throw new BenchException("etcd has refused an append, or has carried one out twice");
    }
}
