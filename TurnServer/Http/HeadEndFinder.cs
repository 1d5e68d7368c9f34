namespace TurnServer.Http;

/// <summary>Finds the end of a request head that arrives in pieces, searching each byte once.</summary>
internal struct HeadEndFinder
{
    private int _lineStart;
    private int _searched;
    private bool _hasRequestLine;

    /// <summary>The length of the head with its empty line; −1 while it is incomplete.</summary>
    /// <param name="bytes">All bytes received so far.</param>
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
