namespace TurnServer.Bench.Load;

/// <summary>
/// Shows the progress of a load test: on a terminal one line that is overwritten each second, elsewhere one line every
/// ten seconds.
/// </summary>
internal sealed class ProgressLine(TextWriter errors, bool isTerminal) : IDisposable
{
    private const int SecondsBetweenLines = 10;

    // Back to the start of the line, and clear it.
    private const string StartOver = "\r\x1b[K";

    private bool _isShown;

    public void Show(LoadProgress progress)
    {
        if (isTerminal)
            errors.Write(StartOver + Compose(progress));
        else if ((progress.Second.Second + 1) % SecondsBetweenLines == 0)
            errors.WriteLine(Compose(progress));
        _isShown |= isTerminal;
    }

    /// <summary>Clears the line.</summary>
    public void Dispose()
    {
        if (_isShown)
            errors.Write(StartOver);
        _isShown = false;
    }

    private static string Compose(LoadProgress progress)
    {
        var second = progress.Second;
        var latency = second.TurnLatency is { } turns
            ? $"p50 {turns.Median:0.00} ms, p99 {turns.P99:0.00} ms"
            : "no turns";
        return $"{progress.Elapsed.TotalSeconds,4:0} s  {progress.Playing} playing  {second.Requests} requests/s  "
            + $"{second.Turns} turns/s  {latency}  {progress.WithErrors} with errors"
            + (progress.Violations > 0 ? $"  {progress.Violations} VIOLATIONS" : "");
    }
}
