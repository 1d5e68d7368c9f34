namespace TurnServer.Cli;

/// <summary>
/// What <c>connect</c> says on standard error: sentences that stay, and on a terminal one line of progress below them.
/// </summary>
/// <param name="errors">Drops what cannot be written: that is no reason not to pass data.</param>
internal sealed class StatusLines(TextWriter errors)
{
    private const string BackAndErase = "\r\e[K";

    private readonly Lock _gate = new();
    private bool _isProgressShown;

    /// <summary>Says a sentence. Names and reasons in it may come from anybody.</summary>
    public void Say(string sentence)
    {
        lock (_gate)
        {
            Clear();
            errors.Write($"turnserver: {TerminalText.OnOneLine(sentence)}{Environment.NewLine}");
        }
    }

    /// <summary>Says what was not foreseen, in full, so that it can be reported.</summary>
    public void SayBug(Exception bug)
    {
        lock (_gate)
        {
            Clear();
            errors.Write($"turnserver: failed on a bug: {bug}{Environment.NewLine}");
        }
    }

    /// <summary>Replaces the line of progress; empty removes it.</summary>
    public void Progress(string text)
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
