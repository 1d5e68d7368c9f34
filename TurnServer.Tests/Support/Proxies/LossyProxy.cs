using System.Net;
using System.Net.Sockets;

namespace TurnServer.Tests.Support;

/// <summary>
/// A proxy that drops some replies and closes their connections, chosen by a seeded generator. Unlike
/// <see cref="FaultyProxy"/> it reuses connections and stores nothing: for large amounts of data.
/// </summary>
internal sealed class LossyProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _serverPort;
    private readonly double _lossShare;
    private readonly Random _random;
    private readonly Task _accepting;
    private int _lost;

    public LossyProxy(int serverPort, double lossShare, int seed)
    {
        _serverPort = serverPort;
        _lossShare = lossShare;
        _random = new Random(seed);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>How many replies have been dropped.</summary>
    public int Lost => Volatile.Read(ref _lost);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(CarryAsync(await _listener.AcceptSocketAsync(_stop.Token)));
                connections.RemoveAll(connection => connection.IsCompleted);
            }
        }
        finally
        {
            await Task.WhenAll(connections);
        }
    }

    // Without pipelining, the first bytes from the server after bytes from the client begin a reply.
    private async Task CarryAsync(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (client)
        {
            client.NoDelay = true;
            var isAsked = false;
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _serverPort, _stop.Token);
                await Task.WhenAny(
                    PumpAsync(client, server, () => isAsked = true),
                    PumpAsync(server, client, () =>
                    {
                        var isReply = isAsked;
                        isAsked = false;
                        return !isReply || !IsLost();
                    }));
            }
            catch (SocketException)
            {
                // The server is down: close the connection.
            }
        }
    }

    private bool IsLost()
    {
        lock (_random)
        {
            var isLost = _random.NextDouble() < _lossShare;
            _lost += isLost ? 1 : 0;
            return isLost;
        }
    }

    private async Task PumpAsync(Socket from, Socket to, Func<bool> passes)
    {
        var buffer = new byte[65_536];
        try
        {
            int length;
            while ((length = await from.ReceiveAsync(buffer, _stop.Token)) > 0 && passes())
                await to.SendAsync(buffer.AsMemory(0, length), _stop.Token);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Either end has closed the connection.
        }
    }
}
