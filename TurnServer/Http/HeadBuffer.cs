namespace TurnServer.Http;

/// <summary>Collects a request head that arrives in pieces, or has to be rewritten.</summary>
internal sealed class HeadBuffer
{
    private const int FirstBytes = 1024;

    private byte[] _bytes = new byte[FirstBytes];
    private int _count;
    private int _headBytes = -1;
    private HeadEndFinder _end;

    /// <summary>Whether what has arrived of the head is longer than <see cref="RequestHead.BytesMax"/>.</summary>
    public bool IsTooLong => (_headBytes < 0 ? _count : _headBytes) > RequestHead.BytesMax;

    /// <summary>Appends what was received. Returns whether the head is complete.</summary>
    public bool Append(ReadOnlySpan<byte> received)
    {
        if (_bytes.Length < _count + received.Length)
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _count + received.Length));
        received.CopyTo(_bytes.AsSpan(_count));
        _count += received.Length;
        _headBytes = _end.Find(_bytes.AsSpan(0, _count));
        return _headBytes >= 0;
    }

    /// <summary>
    /// What the listener reads, and how many bytes of that are the head. A head that is too long is replaced by one
    /// that gets a 400.
    /// </summary>
    public (ReadOnlyMemory<byte> Bytes, int HeadBytes) Complete()
    {
        if (IsTooLong)
            return (RequestHead.Malformed.ToArray(), RequestHead.Malformed.Length);
        var head = _bytes.AsSpan(0, _headBytes);
        if (RequestHead.IsPlain(head))
            return (_bytes.AsMemory(0, _count), _headBytes);
        var rewritten = RequestHead.Rewrite(head);
        return ((byte[])[.. rewritten, .. _bytes.AsSpan(_headBytes, _count - _headBytes)], rewritten.Length);
    }
}
