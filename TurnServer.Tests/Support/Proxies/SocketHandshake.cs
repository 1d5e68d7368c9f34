using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;

namespace TurnServer.Tests.Support;

/// <summary>The server's side of a WebSocket on a plain connection.</summary>
internal static class SocketHandshake
{
    private const int MessageBytesMax = 200_000;

    /// <summary>Accepts a request for a WebSocket.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="upgrade">The request.</param>
    /// <param name="stop">Cancels.</param>
    /// <param name="subprotocol">The subprotocol to choose; null: none.</param>
    public static async Task<WebSocket> AcceptAsync(Socket socket, HttpMessage upgrade, CancellationToken stop,
        string? subprotocol = "turn.1")
    {
        var key = upgrade.ValueOf("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
#pragma warning disable CA5350 // RFC 6455 wants it.
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key)));
#pragma warning restore CA5350
        var chosen = subprotocol is null ? "" : $"Sec-WebSocket-Protocol: {subprotocol}\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            + $"Connection: Upgrade\r\n{chosen}Sec-WebSocket-Accept: {accept}\r\n\r\n"), stop);
        return WebSocket.CreateFromStream(new NetworkStream(socket), isServer: true, subprotocol,
            Timeout.InfiniteTimeSpan);
    }

    /// <summary>Reads a message; null when the other end closes the WebSocket.</summary>
    public static async Task<string?> ReadAsync(WebSocket from, CancellationToken cancel)
    {
        var buffer = new byte[MessageBytesMax];
        var count = 0;
        ValueWebSocketReceiveResult result;
        do
        {
            result = await from.ReceiveAsync(buffer.AsMemory(count), cancel);
            count += result.Count;
        }
        while (!result.EndOfMessage);
        return result.MessageType == WebSocketMessageType.Close ? null : Encoding.UTF8.GetString(buffer, 0, count);
    }

    /// <summary>Sends a text message.</summary>
    public static async Task SendAsync(WebSocket to, string message, CancellationToken cancel) =>
        await to.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, true, cancel);
}
