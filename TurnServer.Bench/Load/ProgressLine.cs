namespace TurnServer.Bench.Load;

/// <summary>
/// Shows how a test goes: on a terminal one line that is written over each second, elsewhere a line each ten seconds.
/// </summary>
internal sealed class ProgressLine(TextWriter errors, bool isTerminal) : IDisposable
{
    private const int SecondsBetweenLines = 10;

    // Back to the start of the line, which is cleared.
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

    /// <summary>Clears the line for what is printed next.</summary>
    public void Dispose()
    {
        if (_isShown)
            errors.Write(StartOver);
        _isShown = false;
    }

    internal static string Compose(LoadProgress progress)
    {
        var second = progress.Second;
        var latency = second.TurnLatency is { } turns
            ? $"median {turns.Median:0.00} ms, 99 % {turns.P99:0.00} ms"
            : "no turns";
        return $"{progress.Elapsed.TotalSeconds,4:0} s  {progress.Playing} playing  {second.Requests} requests/s  "
            + $"{second.Turns} turns/s  {latency}  {progress.WithErrors} with errors"
            + (progress.Violations > 0 ? $"  {progress.Violations} VIOLATIONS" : "");
    }
}
