using System.Net.WebSockets;

namespace TurnServer.Tests.Support;

/// <summary>A server that accepts WebSockets, and runs a function for each.</summary>
internal sealed class SocketServer : IAsyncDisposable
{
    private readonly LoopbackServer _server;
    private int _connections;

    /// <param name="serveAsync">Is given the WebSocket, its number from 0, and a token that ends it.</param>
    /// <param name="subprotocol">The subprotocol to choose; null: none.</param>
    public SocketServer(Func<WebSocket, int, CancellationToken, Task> serveAsync, string? subprotocol = "turn.1") =>
        _server = new LoopbackServer(async (client, stop) =>
        {
            if (await new HttpMessageReader(client).ReadAsync(stop) is not { } upgrade)
                return;
            var number = Interlocked.Increment(ref _connections) - 1;
            using var socket = await SocketHandshake.AcceptAsync(client, upgrade, stop, subprotocol);
            try
            {
                await serveAsync(socket, number, stop);
            }
            catch (WebSocketException)
            {
                // The client has closed the connection.
            }
        });

    public Uri Url => _server.Url.Over(Transports.WebSocket);

    /// <summary>How many WebSockets have been opened.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
