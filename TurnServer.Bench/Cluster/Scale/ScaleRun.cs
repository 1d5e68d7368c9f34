using System.Diagnostics;
using System.Runtime.InteropServices;
using TurnServer.Bench.Client;
using TurnServer.Bench.Cluster.Cost;

namespace TurnServer.Bench.Cluster.Scale;

/// <summary>
/// Compares clusters of one, two and more servers: what a turn and a game cost, and what they leave in the logs.
/// </summary>
internal static class ScaleRun
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    /// <summary>Measures and prints.</summary>
    /// <exception cref="BenchException">A cluster does not work, or a reply was wrong.</exception>
    public static async Task RunAsync(CostOptions options, TextWriter output)
    {
        await output.WriteLineAsync($"{Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}; "
            + $"{ClusterShape.Etcds} etcds, {options.GameShards} shards, {options.Connections} requests under way, "
            + $"{options.RunLength.TotalSeconds} s a run");
        var rounds = new List<ScaleCost[]>();
        var stores = new List<StoreRate[]>();
        for (var round = 1; round <= options.Rounds; round++)
        {
            var measured = new ScaleCost[options.Nodes.Count];
            foreach (var number in Rotation.Order(measured.Length, round))
            {
                measured[number] = await MeasureAsync(options.Nodes[number], options);
                await output.WriteLineAsync(
                    $"round {round}  {ScaleReport.Row(options.Nodes[number], measured[number])}");
            }

            rounds.Add(measured);
            stores.Add(await StoreRate.MeasureAsync(options));
        }

        await output.WriteAsync(ScaleReport.Compose(options.Nodes, rounds, stores));
    }

    private static async Task<ScaleCost> MeasureAsync(int nodes, CostOptions options)
    {
        using var cluster = await ScaledCluster.StartAsync(nodes, options);
        // For the JIT compilers.
        await PlayTurnsAsync(cluster, options with { RunLength = WarmUp });
        var turns = await PlayTurnsAsync(cluster, options);
        await StartGamesAsync(cluster, options with { RunLength = WarmUp });
        var starts = await StartGamesAsync(cluster, options);
        var idle = await IdleAsync(cluster, options);
        cluster.Check();
        return new ScaleCost(turns, starts, idle);
    }

    private static async Task<ClusterCpu> IdleAsync(ScaledCluster cluster, CostOptions options)
    {
        var before = cluster.Cpu;
        var startedAt = Stopwatch.GetTimestamp();
        await Task.Delay(options.RunLength);
        return (cluster.Cpu - before) / Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
    }

    // The two players of a game go to different servers, if there are several.
    private static async Task<ScaleRunCost> PlayTurnsAsync(ScaledCluster cluster, CostOptions options)
    {
        var setup = new GameSetup(cluster.Ports[0]);
        var (run, before, after) = Driver.Run(setup, cluster.Ports, options.Connections / 2, 1,
            seats => new UpdatePlay(seats[0]), options.RunLength,
            () => (cluster.Cpu, Logs: cluster.PositionsAsync().GetAwaiter().GetResult()));
        var (lobby, games) = await cluster.CountAsync(before.Logs, after.Logs);
        return new ScaleRunCost(run.Turns, run.Seconds, after.Cpu - before.Cpu, lobby, games);
    }

    // Players go to servers that do not own the lobby, so that its server's share is what every game costs there,
    // however many servers there are.
    private static async Task<ScaleRunCost> StartGamesAsync(ScaledCluster cluster, CostOptions options)
    {
        var ports = cluster.PortsBesideLobby;
        List<GamePlay> plays =
            [.. Enumerable.Range(0, options.Connections).Select(i => new GamePlay(ports[i % ports.Count], i))];
        try
        {
            var before = (cluster.Cpu, Logs: await cluster.PositionsAsync());
            var run = Driver.Run(plays, options.RunLength);
            var after = (cluster.Cpu, Logs: await cluster.PositionsAsync());
            var (lobby, games) = await cluster.CountAsync(before.Logs, after.Logs);
            return new ScaleRunCost(run.Turns, run.Seconds, after.Cpu - before.Cpu, lobby, games);
        }
        finally
        {
            plays.ForEach(play => play.Dispose());
        }
    }
}
