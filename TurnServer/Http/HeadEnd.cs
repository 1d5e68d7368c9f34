namespace TurnServer.Http;

/// <summary>Finds the end of a request's head that comes in pieces, looking at each byte once.</summary>
internal struct HeadEnd
{
    private int _lineStart;
    private int _searched;
    private bool _hasRequestLine;

    /// <summary>The head's length, the empty line behind it included; −1 while its end has not come.</summary>
    /// <param name="bytes">All that has come, what was there before included.</param>
    public int Find(ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            var length = bytes[_searched..].IndexOf((byte)'\n');
            if (length < 0)
            {
                _searched = bytes.Length;
                return -1;
            }

            var end = _searched + length;
            var isEmpty = bytes[_lineStart..end].IndexOfAnyExcept((byte)'\r') < 0;
            _lineStart = _searched = end + 1;
            if (isEmpty && _hasRequestLine)
                return _lineStart;
            _hasRequestLine |= !isEmpty;
        }
    }
}
