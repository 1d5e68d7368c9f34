using TurnServer.Bench.Load.Report;
using TurnServer.Service;

namespace TurnServer.Bench.Load;

/// <summary>What <c>stress</c> says when it ends; listed in its <c>--help</c>.</summary>
internal static class StressExit
{
    public const int Ok = 0;

    /// <summary>Nothing answers there, or something that is no turn server; or a file cannot be written.</summary>
    public const int CannotRun = 1;

    /// <summary>A flag is wrong.</summary>
    public const int Usage = 2;

    /// <summary>A turn did not arrive once and in order.</summary>
    public const int Violation = 5;
}

/// <summary>One call of <c>stress</c>: the tests that it asks for, one after the other, and their output.</summary>
/// <param name="options">The test; of a ramp, each but for the players and the duration.</param>
/// <param name="ramp">Null for a single test.</param>
/// <param name="plot">Where to write the page; null for none.</param>
/// <param name="json">Where to write the figures; null for nowhere.</param>
/// <param name="output">Where to print the statistics.</param>
internal sealed class StressRun(LoadOptions options, Ramp? ramp, string? plot, string? json, TextWriter output)
{
    private readonly List<LoadReport> _reports = [];

    /// <summary>What each test found.</summary>
    public IReadOnlyList<LoadReport> Reports => _reports;

    /// <summary>Runs, prints and writes; returns the exit code.</summary>
    /// <param name="end">Ends it early, as a signal does.</param>
    public async Task<int> RunAsync(CancellationToken end = default)
    {
        var hasRun = await TryAsync(() => RunStepsAsync(end));
        // What was found before something failed is found all the same, and a violation says more than a failure.
        var hasWritten = _reports.Count == 0 || await TryAsync(WriteFilesAsync);
        if (_reports.Exists(report => report.ViolationCount > 0))
            return StressExit.Violation;
        return hasRun && hasWritten ? StressExit.Ok : StressExit.CannotRun;
    }

    private static async Task<bool> TryAsync(Func<Task> actAsync)
    {
        try
        {
            await actAsync();
            return true;
        }
        catch (Exception e) when (e is BenchException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"stress: {e.Message}");
            return false;
        }
    }

    private async Task RunStepsAsync(CancellationToken end)
    {
        using var signal = new StopSignal();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(signal.Token, end);
        foreach (var step in Steps())
        {
            using var line = new ProgressLine(Console.Error, !Console.IsErrorRedirected);
            var report = await LoadTest.RunAsync(step, line.Show, stop.Token);
            line.Dispose();
            _reports.Add(report);
            await output.WriteLineAsync(ReportText.Compose(report, step.Seed));
            if (stop.Token.IsCancellationRequested)
                break;
        }

        if (_reports.Count > 1)
            await output.WriteLineAsync(RampText.Compose(_reports));
    }

    private IEnumerable<LoadOptions> Steps()
    {
        if (ramp is null)
            return [options];
        var duration = ramp.StepDuration(options.Settings.Duration);
        return ramp.Steps.Select(clients => options with
        {
            Settings = options.Settings with { Clients = clients, Duration = duration },
        });
    }

    private async Task WriteFilesAsync()
    {
        if (json is not null)
            await File.WriteAllBytesAsync(json, ReportJson.Serialize(_reports));
        if (plot is not null)
            await File.WriteAllTextAsync(plot, LoadPage.Compose(_reports));
    }
}
