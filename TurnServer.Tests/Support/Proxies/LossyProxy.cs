using System.Net;
using System.Net.Sockets;

namespace TurnServer.Tests.Support;

/// <summary>
/// A proxy that drops some replies and closes their connections, chosen by a seeded generator. Unlike
/// <see cref="FaultyProxy"/> it reuses connections and stores nothing: for large amounts of data.
/// </summary>
internal sealed class LossyProxy : IAsyncDisposable
{
    private readonly LoopbackServer _proxy;
    private readonly int _serverPort;
    private readonly double _lossShare;
    private readonly Random _random;
    private int _lost;
    private int _connections;

    public LossyProxy(int serverPort, double lossShare, int seed)
    {
        _serverPort = serverPort;
        _lossShare = lossShare;
        _random = new Random(seed);
        _proxy = new LoopbackServer(RelayAsync);
    }

    public Uri Url => _proxy.Url;

    /// <summary>How many replies have been dropped.</summary>
    public int Lost => Volatile.Read(ref _lost);

    /// <summary>How many connections there have been.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public ValueTask DisposeAsync() => _proxy.DisposeAsync();

    // Without pipelining, the first bytes from the server after bytes from the client begin a reply.
    private async Task RelayAsync(Socket client, CancellationToken stop)
    {
        Interlocked.Increment(ref _connections);
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await server.ConnectAsync(IPAddress.Loopback, _serverPort, stop);
        var isAsked = false;
        await Task.WhenAny(
            PumpAsync(client, server, () => isAsked = true, stop),
            PumpAsync(server, client, () =>
            {
                var isReply = isAsked;
                isAsked = false;
                return !isReply || !IsLost();
            }, stop));
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

    private static async Task PumpAsync(Socket from, Socket to, Func<bool> passes, CancellationToken stop)
    {
        var buffer = new byte[65_536];
        try
        {
            int length;
            while ((length = await from.ReceiveAsync(buffer, stop)) > 0 && passes())
                await to.SendAsync(buffer.AsMemory(0, length), stop);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Either end has closed the connection.
        }
    }
}
