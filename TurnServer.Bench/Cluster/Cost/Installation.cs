using TurnServer.Bench.Cluster.Scale;
using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Cluster.Cost;

/// <summary>A way to run the server, with all processes that it takes.</summary>
internal abstract class Installation : IDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(40);

    /// <summary>The installations to compare: for each the names of its entrances, and how it is started.</summary>
    public static IReadOnlyList<(string[] Entrances, Func<CostOptions, Task<Installation>> StartAsync)> All { get; } =
    [
        (["memory only"], options => SingleServer.StartAsync(options, isSynced: false)),
        (["--state-sync always"], options => SingleServer.StartAsync(options, isSynced: true)),
        (["cluster, owner", "cluster, standby"], ClusterOfThree.StartAsync),
        (["cluster, 64 shards"], ClusterWithShards.StartAsync),
    ];

    /// <summary>Where players come in, one port after the other.</summary>
    public abstract IReadOnlyList<int> Ports { get; }

    /// <summary>CPU time that all servers have used.</summary>
    /// <exception cref="BenchException">One has ended.</exception>
    public abstract double ServersCpuSeconds { get; }

    /// <summary>CPU time that the store has used.</summary>
    /// <exception cref="BenchException">One of its processes has ended.</exception>
    public abstract double StoreCpuSeconds { get; }

    /// <summary>Checks that nothing happened that makes the measurement worthless.</summary>
    /// <exception cref="BenchException">Something did.</exception>
    public virtual void Check()
    {
        // A process that has ended cannot be measured anyway.
    }

    public abstract void Dispose();

    private sealed class SingleServer(MeasuredServer server, DirectoryInfo? folder) : Installation
    {
        public override IReadOnlyList<int> Ports => [server.Port];

        public override double ServersCpuSeconds => server.Usage.CpuSeconds;

        public override double StoreCpuSeconds => 0;

        public static async Task<Installation> StartAsync(CostOptions options, bool isSynced)
        {
            var folder = isSynced ? Directory.CreateTempSubdirectory("turnserver-cost-") : null;
            string[] flags = folder is null ? [] : ["--state", folder.FullName, "--state-sync", "always"];
            try
            {
                return new SingleServer(await MeasuredServer.StartAsync("turnserver", options.Port,
                    Programs.Server(options.Port, [.. flags, .. Programs.NoLimits], options.Server)), folder);
            }
            catch
            {
                folder?.Delete(recursive: true);
                throw;
            }
        }

        public override void Dispose()
        {
            server.Dispose();
            folder?.Delete(recursive: true);
        }
    }

    // One table for everything.
    private sealed class ClusterOfThree : Installation
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("turnserver-cost-");
        private readonly TestedCluster _cluster;
        private long _epoch;

        private ClusterOfThree(CostOptions options) => _cluster = new TestedCluster(
            Site.OnLoopback(CostOptions.MachinesCount, options.Port), _folder.FullName, options.Server,
            new ClusterShape(CostOptions.MachinesCount, GameShards: 0));

        public override IReadOnlyList<int> Ports =>
            [PortOf(_cluster.Owner), PortOf((_cluster.Owner + 1) % CostOptions.MachinesCount)];

        public override double ServersCpuSeconds => _cluster.ServersCpuSeconds;

        public override double StoreCpuSeconds => _cluster.EtcdCpuSeconds;

        public static async Task<Installation> StartAsync(CostOptions options)
        {
            var started = new ClusterOfThree(options);
            try
            {
                await started._cluster.StartAsync(StartTimeout, CancellationToken.None);
                started._epoch = started._cluster.Epoch;
                return started;
            }
            catch
            {
                started.Dispose();
                throw;
            }
        }

        public override void Check()
        {
            if (_cluster.Epoch != _epoch)
                throw new BenchException("another server took over while the cluster was measured");
        }

        public override void Dispose()
        {
            _cluster.Dispose();
            _folder.Delete(recursive: true);
        }

        private int PortOf(int machine) => _cluster.Machines[machine].Site.Port;
    }

    // Each of three servers owns a part, so players come in at any.
    private sealed class ClusterWithShards(ScaledCluster cluster) : Installation
    {
        public override IReadOnlyList<int> Ports => [cluster.Ports[0]];

        public override double ServersCpuSeconds => cluster.Cpu.Servers;

        public override double StoreCpuSeconds => cluster.Cpu.Etcd;

        public static async Task<Installation> StartAsync(CostOptions options) => new ClusterWithShards(
            await ScaledCluster.StartAsync(CostOptions.MachinesCount, options));

        public override void Check() => cluster.Check();

        public override void Dispose() => cluster.Dispose();
    }
}
