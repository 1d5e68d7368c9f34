namespace TurnServer.Cluster.Link;

/// <summary>The read buffer of a connection, from which whole frames are taken.</summary>
internal sealed class LinkReader
{
    private byte[] _buffer = new byte[LinkFrames.HeaderBytes + LinkLimits.HandshakeBytesMax];
    private int _payloadBytesMax = LinkLimits.HandshakeBytesMax;
    private int _start;
    private int _end;

    /// <summary>Why a frame was malformed; null if none was.</summary>
    public string? Fault { get; private set; }

    /// <summary>After authentication: allows longer frames, and a larger buffer.</summary>
    public void Widen(int payloadBytesMax)
    {
        _payloadBytesMax = payloadBytesMax;
        Array.Resize(ref _buffer, LinkLimits.ReadBufferBytes);
    }

    /// <summary>
    /// Where to put bytes from the network, never empty if all frames have been taken before. Frames that were taken
    /// are no longer valid.
    /// </summary>
    public Memory<byte> MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            // A frame longer than the buffer has begun; Find has checked its length.
            var longest = LinkFrames.HeaderBytes + _payloadBytesMax;
            Array.Resize(ref _buffer, Math.Max(_end + 1, Math.Min(2 * _buffer.Length, longest)));
        }

        return _buffer.AsMemory(_end);
    }

    /// <summary>Says how many bytes were put there.</summary>
    public void Add(int count) => _end += count;

    /// <summary>Takes the next frame. False if it is not there yet, or if there is a <see cref="Fault"/>.</summary>
    public bool TryTake(out LinkFrame frame)
    {
        frame = default;
        var status = LinkFrames.Find(_buffer.AsSpan(_start, _end - _start), _payloadBytesMax, out var type,
            out var length);
        if (status == LinkFrameStatus.Malformed)
            Fault = $"a frame of {length} bytes; 1 to {_payloadBytesMax + 1} are possible";
        if (status != LinkFrameStatus.Complete)
            return false;
        frame = new LinkFrame(type, _buffer.AsMemory(_start + LinkFrames.HeaderBytes, length));
        _start += LinkFrames.HeaderBytes + length;
        return true;
    }
}
