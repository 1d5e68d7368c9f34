using System.Net.WebSockets;
using TurnServer.Protocol;

namespace TurnServer.Http.WebSockets;

/// <summary>Receives the messages of one WebSocket, within limits of size and time.</summary>
/// <param name="socket">The WebSocket.</param>
/// <param name="timeout">The longest that a message may take to arrive once it has begun.</param>
internal sealed class MessageReceiver(WebSocket socket, TimeSpan timeout)
{
    // Enough for most turns. Each connection keeps a buffer of this size while it waits for a message.
    private const int FirstBytes = 512;

    // The longest message takes three steps.
    private const int GrowthFactor = 4;

    // How much of a message that is too long is discarded, so that its request can be answered.
    private const int DiscardedBytesMax = 1024 * 1024;

    private readonly byte[] _first = new byte[FirstBytes];

    /// <summary>Waits for a message.</summary>
    /// <exception cref="WebSocketException">The connection is lost, or the client has broken RFC 6455.</exception>
    /// <exception cref="OperationCanceledException">The WebSocket has been aborted.</exception>
    public async ValueTask<SocketMessage> ReceiveAsync()
    {
        var result = await socket.ReceiveAsync(_first.AsMemory(), CancellationToken.None);
        if (EndOf(result) is { } end)
            return SocketMessage.None(end);
        return result.EndOfMessage
            ? SocketMessage.Whole(_first.AsMemory(0, result.Count).ToArray())
            : await ReceiveRestAsync(result.Count);
    }

    private async Task<SocketMessage> ReceiveRestAsync(int count)
    {
        using var late = new CancellationTokenSource(timeout);
        try
        {
            return await ReceiveRestAsync(count, late.Token);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            // The cancellation does so too, but perhaps a moment later.
            socket.Abort();
            return SocketMessage.None(SocketEnd.Slow);
        }
    }

    private static SocketEnd? EndOf(ValueWebSocketReceiveResult result) => result.MessageType switch
    {
        WebSocketMessageType.Close => SocketEnd.Client,
        WebSocketMessageType.Binary => SocketEnd.Binary,
        _ => null,
    };

    private async Task<SocketMessage> ReceiveRestAsync(int count, CancellationToken late)
    {
        var bytes = new byte[FirstBytes * GrowthFactor];
        _first.AsSpan(0, count).CopyTo(bytes);
        while (count <= SocketRequest.MessageBytesMax)
        {
            if (count == bytes.Length)
                Array.Resize(ref bytes, Math.Min(count * GrowthFactor, SocketRequest.MessageBytesMax + 1));
            var result = await socket.ReceiveAsync(bytes.AsMemory(count), late);
            if (EndOf(result) is { } end)
                return SocketMessage.None(end);
            count += result.Count;
            if (result.EndOfMessage && count <= SocketRequest.MessageBytesMax)
                return SocketMessage.Whole(bytes.AsMemory(0, count));
            if (result.EndOfMessage)
                return SocketMessage.TooLong(bytes.AsMemory(0, FirstBytes));
        }

        return await DiscardRestAsync(bytes, late);
    }

    // The beginning stays, as it has the tag.
    private async Task<SocketMessage> DiscardRestAsync(byte[] bytes, CancellationToken late)
    {
        for (var discarded = 0; discarded < DiscardedBytesMax;)
        {
            var result = await socket.ReceiveAsync(bytes.AsMemory(FirstBytes), late);
            if (EndOf(result) is { } end)
                return SocketMessage.None(end);
            if (result.EndOfMessage)
                return SocketMessage.TooLong(bytes.AsMemory(0, FirstBytes));
            discarded += result.Count;
        }

        return SocketMessage.None(SocketEnd.TooLong);
    }
}
