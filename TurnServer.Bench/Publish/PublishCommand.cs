using System.Diagnostics;
using System.Runtime.InteropServices;
using TurnServer.Bench.Cli;
using TurnServer.Bench.Client;
using TurnServer.Bench.Compare;
using TurnServer.Bench.Load;
using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Publish;

/// <summary>Options of <c>publish</c>.</summary>
/// <param name="RunLength">Length of each of three runs: two at full speed and one with simulated players.</param>
/// <param name="Rounds">How often each build is measured.</param>
/// <param name="Pairs">Pairs of simulated players, with held replies and five turns a second each.</param>
/// <param name="Port">The port of each build in turn.</param>
/// <param name="Builds">The builds; the first is the base of the ratios.</param>
internal sealed record PublishOptions(TimeSpan RunLength, int Rounds, int Pairs, int Port, IReadOnlyList<Build> Builds);

/// <summary>Publishes the server in several ways and compares their cost.</summary>
internal static class PublishCommand
{
    private const int Connections = 8;
    private const double TurnsPerSecond = 5;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan PauseAfterStart = TimeSpan.FromSeconds(1);

    /// <summary>The subcommand with its options.</summary>
    public static Subcommand Create()
    {
        var seconds = Options.Whole("--seconds", "length of one run", 6, 1, 25);
        var rounds = Options.Whole("--rounds", "how often each build is measured", 5, 1, 100);
        var pairs = Options.Whole("--pairs", "pairs in the run that measures latency", 50, 1, 1000);
        var port = Options.Port("port", DefaultPorts.Publish);
        return new Subcommand("publish", "compare the ways to publish this server")
        {
            Flags = [seconds, rounds, pairs, port],
        }.Does((result, errors) => new PublishOptions(TimeSpan.FromSeconds(seconds.Read(result, errors)),
            rounds.Read(result, errors), pairs.Read(result, errors), port.Read(result, errors), Build.All),
            (options, _) => RunAsync(options, Console.Out, Console.Error));
    }

    /// <summary>Publishes, measures and prints; returns the exit code.</summary>
    public static async Task<int> RunAsync(PublishOptions options, TextWriter output, TextWriter errors)
    {
        var root = Directory.CreateTempSubdirectory("turnserver-publish-").FullName;
        try
        {
            await MeasureAsync(options, root, output);
            return 0;
        }
        catch (BenchException e)
        {
            await errors.WriteLineAsync($"publish: {e.Message}");
            return 1;
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static async Task MeasureAsync(PublishOptions options, string root, TextWriter output)
    {
        await output.WriteLineAsync($"{Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}; "
            + $"{options.Pairs} pairs, {options.RunLength.TotalSeconds} s a run");
        var builds = options.Builds;
        foreach (var build in builds)
            await build.PublishAsync(root);
        var rounds = new List<BuildResults[]>();
        for (var round = 1; round <= options.Rounds; round++)
        {
            var measured = new BuildResults[builds.Count];
            foreach (var number in Rotation.Order(builds.Count, round))
            {
                measured[number] = await MeasureAsync(builds[number], root, options);
                await output.WriteLineAsync($"round {round}  {PublishReport.Row(builds[number], measured[number])}");
            }

            rounds.Add(measured);
        }

        await output.WriteAsync(PublishReport.Compose(builds, root, rounds));
    }

    private static async Task<BuildResults> MeasureAsync(Build build, string root, PublishOptions options)
    {
        var watch = Stopwatch.StartNew();
        using var server = await MeasuredServer.StartAsync(build.Name, options.Port, build.Start(root, options.Port),
            PollInterval);
        await server.HealthyAsync();
        var start = watch.Elapsed.TotalMilliseconds;
        await Task.Delay(PauseAfterStart);
        var idle = server.Usage.ResidentMegabytes;
        var updates = new Contender(build.Name, server, new GameSetup(options.Port), 1,
            seats => new UpdatePlay(seats[0]));
        var compare = new CompareOptions(options.RunLength, 1, Connections, options.Port, false, []);
        // Warms up the JIT compiler.
        updates.Measure(compare);
        var load = await LoadAsync(options, server.ProcessId);
        var driven = updates.Measure(compare);
        return new BuildResults(start, idle, server.Usage.ResidentMegabytes, driven.CpuMicroseconds, driven.PerSecond,
            load.Server?.CpuMicrosecondsPerRequest ?? double.NaN, load.TurnLatency.Median, load.TurnLatency.P99);
    }

    private static Task<LoadReport> LoadAsync(PublishOptions options, int processId)
    {
        var url = new Uri($"http://127.0.0.1:{options.Port}/");
        var settings = new LoadSettings(url, options.Pairs * 2, TurnsPerSecond, options.RunLength, Wait: true, Loss: 0);
        return LoadTest.RunCheckedAsync(new LoadOptions { Settings = settings, ServerProcessId = processId });
    }
}
