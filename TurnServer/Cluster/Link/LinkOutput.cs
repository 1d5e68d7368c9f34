namespace TurnServer.Cluster.Link;

/// <summary>The write buffer of a connection: frames that are sent in one write.</summary>
internal sealed class LinkOutput
{
    private byte[] _buffer = new byte[4096];
    private int _length;

    public int Length => _length;

    /// <summary>Valid until the next frame is added.</summary>
    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, _length);

    /// <summary>Adds a frame and returns the span of its payload, to be filled.</summary>
    public Span<byte> Add(LinkFrameType type, int payloadLength)
    {
        var frameLength = LinkFrames.HeaderBytes + payloadLength;
        if (_buffer.Length - _length < frameLength)
            Array.Resize(ref _buffer, Math.Max(2 * _buffer.Length, _length + frameLength));
        var frame = _buffer.AsSpan(_length, frameLength);
        _length += frameLength;
        return LinkFrames.Begin(frame, type);
    }

    public void Clear() => _length = 0;
}

/// <summary>Something to send. The connection's writer alone calls its methods, one of them, once.</summary>
internal abstract class OutgoingFrame
{
    /// <summary>Adds the frame to what is about to be written.</summary>
    public abstract void WriteTo(LinkOutput output);

    /// <summary>The connection has ended, and nothing of the frame was written.</summary>
    public abstract void Abandon();
}

/// <summary>Says that the sender is alive.</summary>
internal sealed class PingFrame : OutgoingFrame
{
    public static readonly PingFrame Instance = new();

    public override void WriteTo(LinkOutput output) => output.Add(LinkFrameType.Ping, 0);

    public override void Abandon()
    {
        // Nobody waits for it.
    }
}
