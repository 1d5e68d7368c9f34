using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace TurnServer.Cluster.Link;

/// <summary>The first frame of each side.</summary>
internal static class LinkHandshake
{
    private const string ClosedEarly = "it closed the connection during the handshake";

    /// <summary>The client's part. Returns null, or why there is no link.</summary>
    /// <exception cref="SocketException">The connection broke.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static async Task<string?> GreetAsync(Socket socket, LinkReader reader, string token, string id,
        CancellationToken stop)
    {
        await SendAsync(socket, LinkFrames.Hello(token, id), stop);
        var (frame, fault) = await ReceiveAsync(socket, reader, stop);
        if (fault is not null)
            return fault;
        switch (frame.Type)
        {
            case LinkFrameType.Welcome:
                reader.Widen(LinkLimits.AnswerBytesMax);
                return null;
            case LinkFrameType.Refusal:
                return $"it refused: {Encoding.UTF8.GetString(frame.Payload.Span)}";
            default:
                return $"it is no server of this cluster: it answered with frame type {(byte)frame.Type}";
        }
    }

    /// <summary>The server's part. Returns the client's id, or why it is refused.</summary>
    /// <exception cref="SocketException">The connection broke.</exception>
    /// <exception cref="OperationCanceledException">Stopped, or the deadline has passed.</exception>
    public static async Task<(string? Id, string? Fault)> AdmitAsync(Socket socket, LinkReader reader,
        ReadOnlyMemory<byte> token, CancellationToken stop)
    {
        var (frame, fault) = await ReceiveAsync(socket, reader, stop);
        if (fault is not null)
            return (null, fault);
        if (frame.Type != LinkFrameType.Hello || !LinkFrames.TryReadHello(frame.Payload.Span, out var hello))
            return (null, "it does not speak the protocol of links");
        var refusal = hello.Version != LinkFrames.Version
            ? $"it has version {hello.Version} of the link protocol, this server version {LinkFrames.Version}"
            : CryptographicOperations.FixedTimeEquals(hello.Token, token.Span) ? null : "wrong token";
        if (refusal is not null)
        {
            await SendAsync(socket, LinkFrames.Refusal(refusal), stop);
            return (null, refusal);
        }

        reader.Widen(LinkLimits.RequestBytesMax);
        await SendAsync(socket, LinkFrames.Welcome(), stop);
        return (hello.Id, null);
    }

    private static async Task<(LinkFrame Frame, string? Fault)> ReceiveAsync(Socket socket, LinkReader reader,
        CancellationToken stop)
    {
        LinkFrame frame;
        while (!reader.TryTake(out frame))
        {
            if (reader.Fault is { } fault)
                return (default, $"it does not speak the protocol of links: {fault}");
            var count = await socket.ReceiveAsync(reader.MakeRoom(), SocketFlags.None, stop);
            if (count == 0)
                return (default, ClosedEarly);
            reader.Add(count);
        }

        return (frame, null);
    }

    private static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> frame, CancellationToken stop)
    {
        while (!frame.IsEmpty)
            frame = frame[await socket.SendAsync(frame, SocketFlags.None, stop)..];
    }
}
