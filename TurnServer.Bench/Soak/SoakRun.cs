using TurnServer.Bench.Cli;
using TurnServer.Bench.Load;
using TurnServer.Bench.Processes;
using TurnServer.Cli;
using TurnServer.Service;

namespace TurnServer.Bench.Soak;

/// <summary>Exit codes of <c>soak</c>.</summary>
internal static class SoakExit
{
    public const int Ok = 0;

    /// <summary>The server does not start or has ended, or answered fewer requests than asked for.</summary>
    public const int CannotRun = 1;

    /// <summary>A turn did not arrive once and in order.</summary>
    public const int Violation = 5;

    /// <summary>Memory or descriptors grew.</summary>
    public const int Grew = 6;
}

/// <summary>Plays against a server for minutes and checks whether its memory and descriptors stay flat.</summary>
internal static class SoakRun
{
    public const string Name = "soak";

    private const string Notes = """
        Starts a server, lets simulated players play on it, and checks that every turn arrives once and in
        order. Compares the minimum RSS (5th percentile) of the first and second half of the run, without
        the first tenth, in which the server warms up. Memory is flat when it grows by at most 5 % and 2 MB
        from the first half to the second, the managed heap likewise, and open descriptors by at most 5 %
        and 16. Runs of less than a few minutes are too short for this.
        """;

    /// <summary>The subcommand with its options.</summary>
    public static Subcommand Create()
    {
        var defaults = new SoakOptions { Port = DefaultPorts.Soak, AdminPort = DefaultPorts.Soak + 1 };
        var rate = Options.Whole("--rate", "requests a second", defaults.Rate, 10, 100_000);
        var duration = Options.Duration("--duration", "how long to play: 10m, 90s, or plain seconds",
            defaults.Duration);
        var wait = Options.Switch("--wait", "let the server hold replies (Prefer: wait)");
        var port = Options.Port("first of 2 ports", defaults.Port, 2);
        var flags = Options.ServerFlags();
        return new Subcommand(Name, "check that memory stays flat over minutes of play")
        {
            Flags = [rate, duration, wait, port],
            Arguments = [(flags, "[-- FLAGS]", "flags for this server")],
            Notes = Notes,
            ExitCodes =
            [
                (SoakExit.Ok, "flat"), (SoakExit.CannotRun, "cannot run, or fewer requests answered than asked for"),
                (ExitCode.Usage, "an option is wrong"),
                (SoakExit.Violation, "a turn did not arrive once and in order"),
                (SoakExit.Grew, "memory or descriptors grew"),
            ],
            SimulatesPlayers = true,
        }.Does((result, errors) => new SoakOptions
        {
            Rate = rate.Read(result, errors),
            Duration = duration.Read(result, errors),
            HoldsReplies = wait.Read(result, errors),
            Port = port.Read(result, errors),
            AdminPort = port.Read(result, errors) + 1,
            ServerFlags = result.GetValue(flags) ?? [],
        }, (options, cancel) => RunAsync(options, Console.Out, Console.Error, cancel));
    }

    /// <summary>Plays and prints the report; returns the exit code.</summary>
    public static async Task<int> RunAsync(SoakOptions options, TextWriter output, TextWriter errors,
        CancellationToken cancel = default)
    {
        try
        {
            var report = await SoakAsync(options, errors, cancel);
            await output.WriteAsync(report.Report.Compose());
            if (report.Load.ViolationCount > 0)
                return SoakExit.Violation;
            if (!report.Report.IsFastEnough)
                return SoakExit.CannotRun;
            return report.Report.IsFlat ? SoakExit.Ok : SoakExit.Grew;
        }
        catch (BenchException e)
        {
            await errors.WriteLineAsync($"soak: {e.Message}");
            return SoakExit.CannotRun;
        }
    }

    private static async Task<(SoakReport Report, LoadReport Load)> SoakAsync(SoakOptions options, TextWriter errors,
        CancellationToken cancel)
    {
        using var signal = new StopSignal();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(signal.Token, cancel);
        using var server = await MeasuredServer.StartAsync("turnserver", options.Port,
            Programs.Server(options.Port, ["--admin-port", $"{options.AdminPort}", .. options.ServerFlags]));
        using var sampler = new SoakSampler(server, options.AdminPort, options.Duration);
        using var line = new ProgressLine(errors, errors == Console.Error && !Console.IsErrorRedirected);
        // Stops the players when the server has ended.
        var sampling = SampleAsync();
        var load = await LoadTest.RunAsync(new LoadOptions
        {
            Settings = new LoadSettings(new Uri($"http://127.0.0.1:{options.Port}/"), options.Players,
                SoakOptions.TurnsPerSecond, options.Duration, options.HoldsReplies, Loss: 0),
            ServerProcessId = server.ProcessId,
        }, line.Show, stop.Token);
        await stop.CancelAsync();
        await sampling;
        return (new SoakReport(options, load, sampler.Samples), load);

        async Task SampleAsync()
        {
            try
            {
                await sampler.RunAsync(stop.Token);
            }
            catch
            {
                await stop.CancelAsync();
                throw;
            }
        }
    }
}
