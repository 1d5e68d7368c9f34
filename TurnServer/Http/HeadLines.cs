namespace TurnServer.Http;

/// <summary>
/// The lines of a request's head: a line feed ends each, with or without a carriage return before it. Empty lines
/// before the request line are passed over, and the empty line behind the headers is the end; as the listener has it.
/// </summary>
internal ref struct HeadLines(ReadOnlySpan<byte> head)
{
    private readonly ReadOnlySpan<byte> _head = head;
    private int _next;
    private bool _hasRequestLine;

    /// <summary>The line, without what ends it.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>Where the line starts.</summary>
    public int Start { get; private set; }

    /// <summary>The next line; false when there is none.</summary>
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

