using TurnServer.Bench.Load.Report;
using TurnServer.Service;

namespace TurnServer.Bench.Load;

/// <summary>Exit codes of <c>stress</c>.</summary>
internal static class StressExit
{
    public const int Ok = 0;

    /// <summary>No answer, no turn server at the URL, or a file cannot be written.</summary>
    public const int CannotRun = 1;

    /// <summary>An option is wrong.</summary>
    public const int Usage = 2;

    /// <summary>A turn did not arrive once and in order, or a player got a wrong partner.</summary>
    public const int Violation = 5;
}

/// <summary>One run of <c>stress</c>: a load test or a ramp of them, and their output.</summary>
/// <param name="options">The test; in a ramp without its number of players and its duration.</param>
/// <param name="ramp">Null for a single test.</param>
/// <param name="plot">File of the page of charts; null: none.</param>
/// <param name="json">File of the measurements; null: none.</param>
/// <param name="output">Where to print the reports.</param>
internal sealed class StressRun(LoadOptions options, Ramp? ramp, string? plot, string? json, TextWriter output)
{
    private readonly List<LoadReport> _reports = [];

    /// <summary>The report of each test so far.</summary>
    public IReadOnlyList<LoadReport> Reports => _reports;

    /// <summary>Runs, prints and writes; returns the exit code.</summary>
    /// <param name="end">Ends the run early, as a signal does.</param>
    public async Task<int> RunAsync(CancellationToken end = default)
    {
        var hasRun = await TryAsync(() => RunStepsAsync(end));
        // Tests before a failure count, and a violation matters more than a failure.
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
            await output.WriteLineAsync(ReportText.Compose(_reports));
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
