namespace TurnServer.Cli;

/// <summary>Writes the messages of <c>connect</c>, and on a terminal a progress line below them.</summary>
/// <param name="errors">Standard error.</param>
internal sealed class ConnectMessages(TextWriter errors)
{
    private const string EraseLine = "\r\e[K";

    private readonly Lock _lock = new();
    private bool _isProgressShown;

    /// <summary>Prints a message on one line, without control characters: names and reasons are untrusted.</summary>
    public void Print(string message)
    {
        lock (_lock)
        {
            Clear();
            errors.Write($"turnserver: {TerminalText.OnOneLine(message)}{Environment.NewLine}");
        }
    }

    /// <summary>Prints an unexpected exception with its stack trace, for a bug report.</summary>
    public void PrintBug(Exception bug)
    {
        lock (_lock)
        {
            Clear();
            errors.Write($"turnserver: unhandled exception: {bug}{Environment.NewLine}");
        }
    }

    /// <summary>Replaces the progress line; an empty text removes it.</summary>
    public void ShowProgress(string text)
    {
        lock (_lock)
        {
            Clear();
            errors.Write(text);
            _isProgressShown = text.Length > 0;
        }
    }

    private void Clear()
    {
        if (_isProgressShown)
            errors.Write(EraseLine);
        _isProgressShown = false;
    }
}
