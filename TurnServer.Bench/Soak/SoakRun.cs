using TurnServer.Bench.Load;
using TurnServer.Bench.Processes;
using TurnServer.Service;

namespace TurnServer.Bench.Soak;

/// <summary>What <c>soak</c> says when it ends; listed in its help.</summary>
internal static class SoakExit
{
    public const int Ok = 0;

    /// <summary>The server does not start or has ended, or fewer requests were answered than asked for.</summary>
    public const int CannotRun = 1;

    /// <summary>A turn did not arrive once and in order.</summary>
    public const int Violation = 5;

    /// <summary>Memory or descriptors grew.</summary>
    public const int Grew = 6;
}

/// <summary>
/// Plays against a server of its own for a long time, and looks whether what that has in use is flat at the end.
/// </summary>
internal static class SoakRun
{
    /// <summary>What its page of help says below the flags.</summary>
    public const string Explanation = """
        Starts a server and has players play against it; every turn is checked to arrive once and in order. Memory is
        flat when the low of the second half is at most 5 % and 2 MB above that of the first, whose first fifth does not
        count; so must the managed heap be, and the descriptors, with 16 more. Less than some minutes is too short for
        it: the server is warming up.

        Exit codes: 0 flat; 1 cannot run, or fewer requests were answered than asked for; 2 a flag is wrong; 5 a turn
        did not arrive once and in order; 6 memory or descriptors grew.
        """;

    /// <summary>Plays and prints; returns the exit code.</summary>
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
        // A server that has ended ends the play.
        var sampling = SampleAsync();
        var load = await LoadTest.RunAsync(new LoadOptions
        {
            Settings = new LoadSettings(new Uri($"http://127.0.0.1:{options.Port}/"), options.Players,
                SoakOptions.TurnsPerSecond, options.Duration, options.HoldsReplies, Loss: 0),
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
