using System.Net.WebSockets;

namespace TurnServer.Bench.Rivals.Servers;

/// <summary>
/// What a WebSocket relay cannot do without: the two connections of a path are partners, and each message of one goes
/// to the other. No rules, no counters, no replay, no timeouts.
/// </summary>
internal sealed class PairRelay
{
    // As in this server.
    private const int BufferBytes = 512;

    private readonly Dictionary<string, TaskCompletionSource<WebSocket>> _waiting = [];

    /// <summary>Relays what comes from a connection until it closes.</summary>
    /// <param name="path">The name of the pair.</param>
    /// <param name="socket">The connection.</param>
    public async Task RunAsync(string path, WebSocket socket)
    {
        try
        {
            var partner = await MeetAsync(path, socket);
            var buffer = new byte[BufferBytes];
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                if (received.MessageType == WebSocketMessageType.Close)
                    return;
                await partner.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType,
                    received.EndOfMessage, CancellationToken.None);
            }
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException or IOException)
        {
            // One of the two has closed its connection.
        }
        finally
        {
            socket.Dispose();
        }
    }

    private Task<WebSocket> MeetAsync(string path, WebSocket socket)
    {
        lock (_waiting)
        {
            if (_waiting.Remove(path, out var first))
            {
                // The second knows its partner, and completes the first with itself.
                var partner = (WebSocket)first.Task.AsyncState!;
                first.SetResult(socket);
                return Task.FromResult(partner);
            }

            var meeting = new TaskCompletionSource<WebSocket>(socket,
                TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add(path, meeting);
            return meeting.Task;
        }
    }
}
