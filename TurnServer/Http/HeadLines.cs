namespace TurnServer.Http;

/// <summary>
/// The lines of a request head, split as the listener does: at line feeds, with or without a carriage return before
/// them. Empty lines before the request line are skipped, and the empty line after the headers ends the head.
/// </summary>
internal ref struct HeadLines(ReadOnlySpan<byte> head)
{
    private readonly ReadOnlySpan<byte> _head = head;
    private int _next;
    private bool _hasRequestLine;

    /// <summary>The current line, without its line break.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>The offset at which the current line starts.</summary>
    public int Start { get; private set; }

    /// <summary>Moves to the next line; false at the end of the head.</summary>
    public bool MoveNext()
    {
        while (true)
        {
            var length = _head[_next..].IndexOf((byte)'\n');
            if (length < 0)
                return false;
            Start = _next;
            Current = _head.Slice(_next, length);
            _next += length + 1;
            if (Current.EndsWith("\r"u8))
                Current = Current[..^1];
            if (Current.IndexOfAnyExcept((byte)'\r') >= 0)
            {
                _hasRequestLine = true;
                return true;
            }

            if (_hasRequestLine)
                return false;
        }
    }
}

