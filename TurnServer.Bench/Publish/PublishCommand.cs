using System.Diagnostics;
using System.Runtime.InteropServices;
using TurnServer.Bench.Compare;
using TurnServer.Bench.Load;
using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Publish;

/// <summary>How often and how long each build is driven.</summary>
/// <param name="RunLength">How long each is driven, twice as fast as it goes and once by players.</param>
/// <param name="Rounds">How often each build is started and driven.</param>
/// <param name="Pairs">How many pairs play, with held replies, five turns a second each.</param>
/// <param name="Port">Where each is started in its turn.</param>
/// <param name="Builds">Which are compared; the first is what the others are compared with.</param>
internal sealed record PublishOptions(TimeSpan RunLength, int Rounds, int Pairs, int Port, IReadOnlyList<Build> Builds);

/// <summary>Publishes the server in several ways and compares what each costs.</summary>
internal static class PublishCommand
{
    private const int Connections = 8;
    private const double TurnsPerSecond = 5;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan RestAfterStart = TimeSpan.FromSeconds(1);

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
        var rounds = new List<BuildFigures[]>();
        for (var round = 1; round <= options.Rounds; round++)
        {
            var measured = new BuildFigures[builds.Count];
            for (var i = 0; i < builds.Count; i++)
            {
                // The order goes round, as who goes later finds another machine.
                var number = (round + i) % builds.Count;
                measured[number] = await MeasureAsync(builds[number], root, options);
                await output.WriteLineAsync($"round {round}  {PublishReport.Row(builds[number], measured[number])}");
            }

            rounds.Add(measured);
        }

        await output.WriteAsync(PublishReport.Compose(builds, root, rounds));
    }

    private static async Task<BuildFigures> MeasureAsync(Build build, string root, PublishOptions options)
    {
        var watch = Stopwatch.StartNew();
        using var server = await MeasuredServer.StartAsync(build.Name, options.Port, build.Start(root, options.Port),
            LookInterval);
        await server.HealthyAsync();
        var start = watch.Elapsed.TotalMilliseconds;
        await Task.Delay(RestAfterStart);
        var idle = server.Usage.ResidentMegabytes;
        using var games = new SeatSetup(options.Port);
        var updates = new Contender(build.Name, server, games, 1, seats => new UpdatePlay(seats[0]));
        var compare = new CompareOptions(options.RunLength, 1, Connections, options.Port, false, []);
        // Once for the compiler to be done with it, where there is one.
        await updates.MeasureAsync(compare);
        var load = await LoadAsync(options);
        var driven = await updates.MeasureAsync(compare);
        return new BuildFigures(start, idle, server.Usage.ResidentMegabytes, driven.CpuMicroseconds, driven.PerSecond,
            load.Server?.CpuMicrosecondsPerRequest ?? double.NaN, load.TurnLatency.Median, load.TurnLatency.P99);
    }

    private static async Task<LoadReport> LoadAsync(PublishOptions options)
    {
        var url = new Uri($"http://127.0.0.1:{options.Port}/");
        var settings = new LoadSettings(url, options.Pairs * 2, TurnsPerSecond, options.RunLength, Wait: true, Loss: 0);
        var report = await LoadTest.RunAsync(new LoadOptions { Settings = settings }, _ => { }, CancellationToken.None);
        return report.ViolationCount == 0
            ? report
            : throw new BenchException($"turns did not arrive once and in order: {report.Violations[0]}");
    }
}
