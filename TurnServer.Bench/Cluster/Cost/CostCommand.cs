using System.Globalization;
using System.Runtime.InteropServices;
using TurnServer.Bench.Cli;
using TurnServer.Bench.Client;
using TurnServer.Bench.Cluster.Scale;
using TurnServer.Bench.Load;
using TurnServer.Bench.Processes;
using TurnServer.Cli;
using TurnServer.Cluster.Etcd;
using TurnServer.Protocol;

namespace TurnServer.Bench.Cluster.Cost;

/// <summary>The subcommand <c>cluster</c>: what a cluster costs beside a single server.</summary>
internal static class CostCommand
{
    private const double TurnsPerSecond = 5;

    private const string Notes = """
        Measures a single server that keeps games in memory, one that syncs each turn to its disk, and clusters of
        three servers and three etcds on this machine: with one table for everything, whose players come in at the
        owner or at a standby, and with shards. At rest simulated players send five turns a second each; at full
        speed a client with a thread for each request under way sends the next one as soon as the last one is
        answered. Needs etcd (apt-get install etcd-server).

        With --nodes it compares clusters of so many servers, whose games are spread over shards, at full speed:
        turns that are answered at once, and whole games from registration to quitting; what they cost the servers
        and etcd, and what they leave in the logs. Then etcd alone.
        """;

    /// <summary>The subcommand with its options.</summary>
    public static Subcommand Create()
    {
        var defaults = new CostOptions { Port = DefaultPorts.Cluster };
        var seconds = Options.Whole("--seconds", "length of one run", (int)defaults.RunLength.TotalSeconds, 1,
            CostOptions.SecondsMax);
        var rounds = Options.Whole("--rounds", "how often each installation is measured", defaults.Rounds, 1, 100);
        var pairs = Options.Whole("--pairs", "pairs of players at rest", defaults.Pairs, 1, 1000);
        var connections = Options.Whole("--games", "games at full speed, two requests each", defaults.Connections / 2,
            1, 256);
        var only = Options.Text("--only", "TEXT", "only installations with this in their names, such as cluster");
        var nodes = Options.Value<IReadOnlyList<int>>("--nodes", "COUNT,...",
            "compare clusters of so many servers, such as 1,2,4", ParseNodes, [], null);
        var shards = Options.Whole("--shards", "with --nodes: a power of two", defaults.GameShards, 1,
            EtcdClusterPlan.GameShardsMax);
        var server = Options.Text("--server", "FILE", "executable of another build, as ./run.sh publish makes it");
        var port = Options.Port($"first of {CostOptions.PortsUsed} ports", defaults.Port, CostOptions.PortsUsed);
        return new Subcommand("cluster", "compare a cluster with a single server, or with a larger one")
        {
            Flags = [seconds, rounds, pairs, connections, only, nodes, shards, server, port],
            Notes = Notes,
        }.Does((result, errors) => new CostOptions
        {
            RunLength = TimeSpan.FromSeconds(seconds.Read(result, errors)),
            Rounds = rounds.Read(result, errors),
            Pairs = pairs.Read(result, errors),
            Connections = connections.Read(result, errors) * 2,
            Only = only.Read(result, errors),
            Nodes = nodes.Read(result, errors),
            GameShards = shards.Read(result, errors),
            Server = server.Read(result, errors),
            Port = port.Read(result, errors),
        }, (options, _) => RunAsync(options, Console.Out, Console.Error));
    }

    /// <summary>Measures and prints; returns the exit code.</summary>
    public static async Task<int> RunAsync(CostOptions options, TextWriter output, TextWriter errors)
    {
        try
        {
            await (options.Nodes.Count == 0 ? MeasureAsync(options, output) : ScaleRun.RunAsync(options, output));
            return ExitCode.Ok;
        }
        catch (BenchException e)
        {
            await errors.WriteLineAsync($"cluster: {e.Message}");
            return 1;
        }
    }

    private static (IReadOnlyList<int>, string?) ParseNodes(string text)
    {
        var nodes = new List<int>();
        foreach (var word in text.Split(','))
        {
            if (!int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                || count is < 1 or > CostOptions.NodesMax || nodes.Contains(count))
            {
                return ([], $"different numbers from 1 to {CostOptions.NodesMax}, such as 1,2,4");
            }

            nodes.Add(count);
        }

        return (nodes, null);
    }

    private static async Task MeasureAsync(CostOptions options, TextWriter output)
    {
        await output.WriteLineAsync($"{Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}; "
            + $"at rest {options.Pairs} pairs, at full speed {options.Connections} requests under way, "
            + $"{options.RunLength.TotalSeconds} s a run");
        var installations = Installation.All.Where(installation => options.Only is not { } only
            || installation.Entrances.Any(name => name.Contains(only, StringComparison.Ordinal))).ToList();
        if (installations.Count == 0)
            throw new BenchException($"no installation has a name with \"{options.Only}\" in it");
        var rounds = new List<EntranceCost[]>();
        for (var round = 1; round <= options.Rounds; round++)
        {
            var measured = new EntranceCost[installations.Count][];
            foreach (var number in Rotation.Order(installations.Count, round))
            {
                var (entrances, startAsync) = installations[number];
                measured[number] = await MeasureAsync(startAsync, options);
                foreach (var (name, cost) in entrances.Zip(measured[number]))
                    await output.WriteLineAsync($"round {round}  {CostReport.Row(name, cost)}");
            }

            rounds.Add([.. measured.SelectMany(costs => costs)]);
        }

        await output.WriteAsync(CostReport.Compose(
            [.. installations.SelectMany(installation => installation.Entrances)], rounds));
    }

    private static async Task<EntranceCost[]> MeasureAsync(Func<CostOptions, Task<Installation>> startAsync,
        CostOptions options)
    {
        using var installation = await startAsync(options);
        var costs = new List<EntranceCost>();
        foreach (var port in installation.Ports)
        {
            // Warms up the JIT compiler.
            Drive(installation, port, 1, seats => new UpdatePlay(seats[0]), options);
            costs.Add(new EntranceCost(
                await PlayAsync(installation, port, isHeld: true, options),
                await PlayAsync(installation, port, isHeld: false, options),
                Drive(installation, port, 1, seats => new UpdatePlay(seats[0]), options),
                Drive(installation, port, 2, seats => new HeldTurnPlay(seats[0], seats[1]), options)));
        }

        installation.Check();
        return [.. costs];
    }

    // At rest.
    private static async Task<PlayCost> PlayAsync(Installation installation, int port, bool isHeld,
        CostOptions options)
    {
        var settings = new LoadSettings(new Uri($"http://127.0.0.1:{port}/"), options.Pairs * 2, TurnsPerSecond,
            options.RunLength, isHeld, Loss: 0);
        var before = CpuOf(installation);
        var report = await LoadTest.RunCheckedAsync(new LoadOptions { Settings = settings });
        var after = CpuOf(installation);
        if (isHeld)
            return Cost(report.TurnsReceived, report.Elapsed.TotalSeconds, report.TurnLatency, before, after);
        var updates = report.Symbols.First(symbol => symbol.Symbol == (int)Symbol.GameUpdate);
        return Cost(report.Requests, report.Elapsed.TotalSeconds, updates.Latency, before, after);
    }

    private static PlayCost Cost(long count, double seconds, LatencySummary latency,
        (double Servers, double Store) before, (double Servers, double Store) after) => new(
            count / seconds, latency.Median, latency.P99, Microseconds(after.Servers - before.Servers, count),
            Microseconds(after.Store - before.Store, count));

    // At full speed: each seat or game has one request or turn under way at any time, so that their number and the rate
    // give the mean time that one takes (Little's law).
    private static PlayCost Drive(Installation installation, int port, int seatsPerPlay, Func<DrivenSeat[], Play> play,
        CostOptions options)
    {
        var (run, before, after) = Driver.Run(new GameSetup(port), [port], options.Connections / 2, seatsPerPlay, play,
            options.RunLength, () => CpuOf(installation));
        var underWay = options.Connections / seatsPerPlay;
        return new PlayCost(run.Turns / run.Seconds, underWay * run.Seconds / run.Turns * 1e3, double.NaN,
            Microseconds(after.Servers - before.Servers, run.Turns),
            Microseconds(after.Store - before.Store, run.Turns));
    }

    private static (double Servers, double Store) CpuOf(Installation installation) =>
        (installation.ServersCpuSeconds, installation.StoreCpuSeconds);

    private static double Microseconds(double seconds, long count) => seconds * 1e6 / count;
}
