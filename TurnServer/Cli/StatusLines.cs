namespace TurnServer.Cli;

/// <summary>
/// Messages of <c>connect</c> on standard error, and on a terminal a line of progress below them.
/// </summary>
/// <param name="errors">Standard error.</param>
internal sealed class StatusLines(TextWriter errors)
{
    private const string BackAndErase = "\r\e[K";

    private readonly Lock _gate = new();
    private bool _isProgressShown;

    /// <summary>Prints a message. Names and reasons in it are untrusted.</summary>
    public void Print(string message)
    {
        lock (_gate)
        {
            Clear();
            errors.Write($"turnserver: {TerminalText.OnOneLine(message)}{Environment.NewLine}");
        }
    }

    /// <summary>Prints an unexpected exception with its stack trace, for a bug report.</summary>
    public void PrintBug(Exception bug)
    {
        lock (_gate)
        {
            Clear();
            errors.Write($"turnserver: unhandled exception: {bug}{Environment.NewLine}");
        }
    }

    /// <summary>Replaces the line of progress; an empty text removes it.</summary>
    public void ShowProgress(string text)
    {
        lock (_gate)
        {
            Clear();
            errors.Write(text);
            _isProgressShown = text.Length > 0;
        }
    }

    private void Clear()
    {
        if (_isProgressShown)
            errors.Write(BackAndErase);
        _isProgressShown = false;
    }
}
