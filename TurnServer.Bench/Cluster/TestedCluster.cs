using System.Diagnostics;
using System.Net;
using System.Text.Json;
using TurnServer.Cluster.Etcd;

namespace TurnServer.Bench.Cluster;

/// <summary>Machines that form a cluster, and what can be seen of it from outside.</summary>
internal sealed class TestedCluster : IDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly EtcdConnection _etcd;

    private readonly HttpClient _http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(1) })
    {
        Timeout = TimeSpan.FromSeconds(2),
    };

    /// <param name="sites">Where the machines are.</param>
    /// <param name="folder">For etcd's data.</param>
    /// <param name="program">The executable of another build of the server; null: turnserver.dll.</param>
    /// <param name="shape">What runs on which machine.</param>
    public TestedCluster(IReadOnlyList<Site> sites, string folder, string? program, ClusterShape shape)
    {
        Shape = shape;
        Machines = [.. sites.Select((_, i) => new Machine(i, sites, folder, program, shape))];
        Servers = [.. Machines.Where(machine => machine.HasServer)];
        _etcd = new EtcdConnection(new EtcdOptions
        {
            Endpoints = [.. Machines.Where(machine => machine.HasEtcd).Select(machine => machine.Site.Etcd)],
        });
    }

    public ClusterShape Shape { get; }

    /// <summary>All machines.</summary>
    public IReadOnlyList<Machine> Machines { get; }

    /// <summary>The machines with a turn server: the first ones.</summary>
    public IReadOnlyList<Machine> Servers { get; }

    public IReadOnlyList<Uri> Urls => [.. Servers.Select(machine => machine.Site.Url)];

    /// <summary>CPU time that all turn servers have used.</summary>
    /// <exception cref="BenchException">One has ended.</exception>
    public double ServersCpuSeconds => Servers.Sum(machine => machine.ServerCpuSeconds);

    /// <summary>CPU time that all etcds have used.</summary>
    /// <exception cref="BenchException">One has ended.</exception>
    public double EtcdCpuSeconds => Machines.Where(machine => machine.HasEtcd).Sum(machine => machine.EtcdCpuSeconds);

    /// <summary>How many times the table, or with shards the lobby, has been taken over.</summary>
    public long Epoch => Servers.Max(machine => machine.LastEpoch);

    /// <summary>The machine whose server took over last; it may have died since.</summary>
    public int Owner => Servers.Select(machine => machine.LastEpoch).ToList().IndexOf(Epoch);

    /// <summary>Starts everything, and waits until it works.</summary>
    /// <exception cref="BenchException">It does not.</exception>
    public async Task StartAsync(TimeSpan timeout, CancellationToken stop)
    {
        foreach (var machine in Machines.Where(machine => machine.HasEtcd))
            machine.StartEtcd();
        await WaitAsync(() => Running(IsEtcdHealthyAsync), "etcd", timeout, stop);
        foreach (var machine in Servers)
            machine.StartServer();
        foreach (var machine in Servers)
            await WaitAsync(() => Running(() => IsHealthyAsync(machine)), machine.Name, timeout, stop);
    }

    /// <summary>Waits until all parts work.</summary>
    /// <exception cref="BenchException">They do not in time.</exception>
    public async Task HealthyAsync(TimeSpan timeout, CancellationToken stop)
    {
        await WaitAsync(IsEtcdHealthyAsync, "etcd", timeout, stop);
        foreach (var machine in Servers)
            await WaitAsync(() => IsHealthyAsync(machine), machine.Name, timeout, stop);
    }

    /// <summary>The shards that a server says it owns; null: the cluster has one table.</summary>
    /// <exception cref="BenchException">It does not say.</exception>
    public async Task<IReadOnlySet<int>?> ReadOwnedShardsAsync(Machine machine, CancellationToken stop)
    {
        try
        {
            using var status = JsonDocument.Parse(await _http.GetStringAsync(machine.Site.StatusUrl, stop));
            var cluster = status.RootElement.GetProperty("cluster");
            var shards = cluster.GetProperty("shards");
            return shards.ValueKind == JsonValueKind.Null
                ? null
                : shards.EnumerateArray()
                    .Where(shard => shard.GetProperty("owner").GetString() == cluster.GetProperty("self").GetString())
                    .Select(shard => shard.GetProperty("number").GetInt32()).ToHashSet();
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException
            && !stop.IsCancellationRequested))
        {
            throw new BenchException($"{machine.Name} does not show its status: {e.Message}");
        }
    }

    /// <summary>The machine of etcd's leader.</summary>
    /// <exception cref="BenchException">There is none.</exception>
    public async Task<int> FindLeaderAsync(TimeSpan timeout, CancellationToken stop)
    {
        var leader = -1;
        await WaitAsync(async () =>
        {
            leader = (await StatusAsync()).Servers.Select(server => server.IsLeader).ToList().IndexOf(true);
            return leader >= 0;
        }, "etcd's leader", timeout, stop);
        return leader;
    }

    /// <summary>Waits until a condition holds.</summary>
    /// <exception cref="BenchException">It does not in time.</exception>
    public static async Task WaitAsync(Func<Task<bool>> condition, string what, TimeSpan timeout,
        CancellationToken stop)
    {
        for (var startedAt = Stopwatch.GetTimestamp(); !await condition(); await Task.Delay(PollInterval, stop))
        {
            if (Stopwatch.GetElapsedTime(startedAt) > timeout)
                throw new BenchException($"{what} did not recover within {timeout.TotalSeconds:0} s");
        }
    }

    public void Dispose()
    {
        foreach (var machine in Machines)
            machine.Dispose();
        _http.Dispose();
        _etcd.Dispose();
    }

    // A port that is taken, for example.
    private Task<bool> Running(Func<Task<bool>> isHealthy)
    {
        foreach (var machine in Machines)
            machine.CheckRunning();
        return isHealthy();
    }

    private async Task<bool> IsEtcdHealthyAsync() => await StatusAsync() is var status
        && status.Servers.All(server => server.Error is null) && status.Servers.Any(server => server.IsLeader);

    private Task<EtcdStatus> StatusAsync() => EtcdStatus.ReadAsync(_etcd, CancellationToken.None);

    private async Task<bool> IsHealthyAsync(Machine machine)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri(machine.Site.Url, "healthz"));
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }
}
