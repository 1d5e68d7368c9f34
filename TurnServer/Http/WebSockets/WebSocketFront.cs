using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Metrics;
using TurnServer.Protocol;

namespace TurnServer.Http.WebSockets;

/// <summary>
/// Accepts WebSockets, knows those that are open, and closes them when the server stops (PROTOCOL.md, "Over a
/// WebSocket").
/// </summary>
/// <param name="listener">The listener that the requests for them came from.</param>
/// <param name="options">Limits and timeouts.</param>
/// <param name="gateway">Answers players.</param>
/// <param name="limiter">Limits requests by address, those over HTTP included.</param>
/// <param name="refusals">Delays refusals by that limit.</param>
/// <param name="metrics">Counts requests and replies.</param>
/// <param name="log">For failures.</param>
internal sealed class WebSocketFront(HttpListener listener, HttpOptions options, IPlayerGateway gateway,
    AddressLimiter limiter, RefusalDelay refusals, RequestMetrics metrics, ILogger log)
{
    /// <summary>A client that does not answer a close frame within this time is cut off.</summary>
    public static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1);

    // A client is given up when it has answered nothing for this many intervals after a ping.
    private const int MissedPingsMax = 2;

    // The least that the listener takes; its own WebSocket is not used.
    private const int UnusedBufferBytes = 256;

    // How much of what a client still sends is discarded so that it sees the close frame.
    private const int DiscardedBytesMax = 1024 * 1024;
    private const int DiscardBufferBytes = 4096;

    private readonly Lock _lock = new();
    private readonly HashSet<WebSocketConnection> _open = [];
    private readonly AddressConnections _byAddress = new(options.ConnectionsPerAddressMax);
    private readonly long[] _endsByCause = new long[Enum.GetValues<SocketEnd>().Length];
    private bool _isStopping;
    private int _underWay;
    private long _messages;
    private long _accepted;
    private long _refused;

    /// <summary>Answers players.</summary>
    public IPlayerGateway Gateway => gateway;

    /// <summary>Counts requests and replies.</summary>
    public RequestMetrics Metrics => metrics;

    /// <summary>For failures.</summary>
    public ILogger Log => log;

    /// <summary>The longest that a client may take to send a message, or to read a reply.</summary>
    public TimeSpan SlowClientTimeout => options.BodyTimeout;

    /// <summary>How many requests are under way, held ones included.</summary>
    public int UnderWay => Volatile.Read(ref _underWay);

    /// <summary>How many requests have come since the start.</summary>
    public long Messages => Volatile.Read(ref _messages);

    /// <summary>How many WebSockets are open.</summary>
    public int Open
    {
        get
        {
            lock (_lock)
                return _open.Count;
        }
    }

    /// <summary>The current statistics. Any thread may ask.</summary>
    public WebSocketStatistics GetStatistics() => new()
    {
        Open = Open,
        Accepted = Volatile.Read(ref _accepted),
        Refused = Volatile.Read(ref _refused),
        Messages = Messages,
        EndsByCause = [.. _endsByCause],
    };

    /// <summary>Accepts a WebSocket and serves it, or tells why not; then the request is to be answered.</summary>
    /// <param name="context">A request that wants a WebSocket, of the path <c>/</c>.</param>
    /// <param name="from">The client's address.</param>
    public async ValueTask<UpgradeRefusal?> TryAcceptAsync(HttpListenerContext context, ClientAddress from)
    {
        var refusal = WebSocketUpgrade.Check(context.Request, options.CorsOrigin);
        if (refusal is null && ListenerInternals.Available
            && ListenerInternals.HasUnreadBytes(ListenerInternals.ConnectionOf(context)))
        {
            // The listener would lose them.
            refusal = UpgradeRefusal.BadRequest("send nothing before the reply 101");
        }

        refusal ??= Admit(from);
        if (refusal is not null)
        {
            Interlocked.Increment(ref _refused);
            return refusal;
        }

        (WebSocket Socket, FrameGuard? Guard) accepted;
        try
        {
            accepted = await AcceptAsync(context);
        }
        catch
        {
            _byAddress.Release(from);
            throw;
        }

        Interlocked.Increment(ref _accepted);
        Serve(context, accepted.Socket, new WebSocketConnection(this, accepted.Socket, accepted.Guard, from), from);
        return null;
    }

    /// <summary>Whether a request of this address is within its limit.</summary>
    public bool TryAdmit(ClientAddress from) => limiter.TryAdmit(from);

    /// <summary>Completes when a refusal by that limit may be sent.</summary>
    public Task DelayRefusalAsync() => refusals.WaitAsync();

    /// <summary>Counts a request.</summary>
    public void Began()
    {
        Interlocked.Increment(ref _underWay);
        Interlocked.Increment(ref _messages);
    }

    /// <summary>Counts the end of a request.</summary>
    public void Ended() => Interlocked.Decrement(ref _underWay);

    /// <summary>Takes no more requests, and closes each WebSocket once those under way on it are answered.</summary>
    public void Stop()
    {
        List<WebSocketConnection> open;
        lock (_lock)
        {
            _isStopping = true;
            open = [.. _open];
        }

        foreach (var connection in open)
            connection.Stop();
    }

    private UpgradeRefusal? Admit(ClientAddress from)
    {
        lock (_lock)
        {
            if (_isStopping)
                return UpgradeRefusal.Stopping;
        }

        return _byAddress.TryAdmit(from) ? null : UpgradeRefusal.TooMany;
    }

    // The listener's handshake, but a WebSocket of its own: the listener's sends no pings that must be answered.
    [SuppressMessage("Usage", "CA1816", Justification = "Nothing else keeps that finalizer from running.")]
    private async Task<(WebSocket Socket, FrameGuard? Guard)> AcceptAsync(HttpListenerContext context)
    {
        context.Response.Headers["Server"] = ReplySender.Server;
        var accepted = await context.AcceptWebSocketAsync(SocketRequest.Subprotocol, UnusedBufferBytes,
            ListenerInternals.Available ? Timeout.InfiniteTimeSpan : options.PingInterval);
        if (!ListenerInternals.Available)
            return (accepted.WebSocket, null);
        // It would close the connection some day, after sending the head of the reply 101 once more.
        GC.SuppressFinalize(accepted.WebSocket);
        var connection = ListenerInternals.ConnectionOf(context);
        // 8 KiB that nothing reads into any more.
        ListenerInternals.BufferOf(connection) = null;
        ListenerInternals.ConnectionStreamOf(connection)?.OwnSocket();
        if (ListenerInternals.SocketOf(connection) is { } tcp)
        {
            // Of two replies in a row the second would wait for the client's acknowledgement of the first, up to 40 ms.
            tcp.NoDelay = true;
            if (ListenerInternals.CanCompleteInline)
                ListenerInternals.CompleteInline(tcp, true);
        }

        var guard = new FrameGuard(ListenerInternals.StreamOf(connection), options.BodyTimeout, TimeProvider.System);
        return (WebSocket.CreateFromStream(guard, new WebSocketCreationOptions
        {
            IsServer = true,
            SubProtocol = SocketRequest.Subprotocol,
            KeepAliveInterval = options.PingInterval,
            KeepAliveTimeout = MissedPingsMax * options.PingInterval,
        }), guard);
    }

    // Not awaited: the request has been answered. Stop closes what is open.
    private async void Serve(HttpListenerContext context, WebSocket socket, WebSocketConnection connection,
        ClientAddress from)
    {
        bool isStopping;
        lock (_lock)
        {
            _open.Add(connection);
            isStopping = _isStopping;
        }

        if (isStopping)
            connection.Stop();
        try
        {
            var end = await connection.RunAsync();
            Interlocked.Increment(ref _endsByCause[(int)end]);
            TurnServer.Log.WebSocketEnded(log, end);
            if (end is SocketEnd.WithoutTag or SocketEnd.Binary or SocketEnd.TooLong or SocketEnd.Malformed
                or SocketEnd.Flooding)
            {
                await LingerAsync(context);
            }
        }
        catch (Exception bug)
        {
            metrics.Failed();
            TurnServer.Log.RequestFailed(log, bug);
        }
        finally
        {
            // Not on the thread of the sockets' events: closing takes locks of the listener's.
            await Task.Yield();
            socket.Dispose();
            if (ListenerInternals.Available)
                ListenerInternals.CloseUpgraded(listener, context);
            lock (_lock)
                _open.Remove(connection);
            _byAddress.Release(from);
        }
    }

    // To close a socket that has unread bytes resets the connection, and the client might lose the close frame.
    private static async Task LingerAsync(HttpListenerContext context)
    {
        if (!ListenerInternals.Available
            || ListenerInternals.SocketOf(ListenerInternals.ConnectionOf(context)) is not { } socket)
        {
            return;
        }

        var buffer = new byte[DiscardBufferBytes];
        using var late = new CancellationTokenSource(CloseTimeout);
        try
        {
            socket.Shutdown(SocketShutdown.Send);
            var (discarded, received) = (0, 1);
            for (; received > 0 && discarded < DiscardedBytesMax; discarded += received)
                received = await socket.ReceiveAsync(buffer, late.Token);
        }
        catch (Exception e) when (e is OperationCanceledException || ClientDisconnect.Caused(e))
        {
            // The client has left, or goes on sending.
        }
    }
}
