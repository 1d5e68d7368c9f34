using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace TurnServer.Cluster.Link;

/// <summary>The port on which this server answers requests that other servers of the cluster hand on to it.</summary>
internal sealed class LinkServer : IAsyncDisposable
{
    private const string Stopping = "this server is stopping";
    private static readonly TimeSpan AcceptRetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly Socket _listener;
    private readonly byte[] _token;
    private readonly Func<ForwardedRequest, ValueTask<ForwardAnswer>> _answer;
    private readonly int _requestsInFlightMax;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly RefusalLog _refusals;
    private readonly CancellationTokenSource _stop = new();
    private int _handshakes;
    private int _peers;

    private LinkServer(Socket listener, string token, Func<ForwardedRequest, ValueTask<ForwardAnswer>> answer,
        int requestsInFlightMax, TimeProvider clock, ILogger log)
    {
        _listener = listener;
        _token = Encoding.UTF8.GetBytes(token);
        _answer = answer;
        _requestsInFlightMax = requestsInFlightMax;
        _clock = clock;
        _log = log;
        _refusals = new RefusalLog(clock, log);
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        Completion = AcceptAsync();
    }

    /// <summary>The port that it listens on.</summary>
    public int Port { get; }

    /// <summary>Completes after <see cref="DisposeAsync"/>; fails only on a bug.</summary>
    public Task Completion { get; }

    /// <summary>Starts to listen.</summary>
    /// <param name="endpoint">Where; port 0 takes a free one.</param>
    /// <param name="token">What clients have to present. Secret.</param>
    /// <param name="answer">
    /// Answers a request, whenever it likes; others are read meanwhile. It must neither block the thread nor throw.
    /// </param>
    /// <param name="clock">For timeouts and pings.</param>
    /// <param name="log">For links and refused clients.</param>
    /// <param name="requestsInFlightMax">See <see cref="LinkLimits.RequestsInFlightMax"/>.</param>
    /// <exception cref="LinkException">The address cannot be used; the message says why.</exception>
    public static LinkServer Start(IPEndPoint endpoint, string token,
        Func<ForwardedRequest, ValueTask<ForwardAnswer>> answer, TimeProvider clock, ILogger log,
        int requestsInFlightMax = LinkLimits.RequestsInFlightMax)
    {
        var listener = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endpoint.Address.Equals(IPAddress.IPv6Any))
                listener.DualMode = true;
            listener.Bind(endpoint);
            listener.Listen(LinkLimits.PeersMax);
        }
        catch (SocketException e)
        {
            listener.Dispose();
            throw new LinkException($"Cannot listen on {endpoint} for other servers: {e.Message}", e);
        }

        return new LinkServer(listener, token, answer, requestsInFlightMax, clock, log);
    }

    /// <summary>
    /// Stops listening, sends the answers that are ready, and closes all links. Completes within about
    /// <see cref="LinkLimits.FinishTimeout"/>; requests that are still being answered get no answer.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await Completion;
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        while (!_stop.IsCancellationRequested)
        {
            if (await TryAcceptAsync() is not { } socket)
                continue;
            serving.RemoveAll(task => task.IsCompleted);
            if (Volatile.Read(ref _handshakes) >= LinkLimits.HandshakesMax)
            {
                _refusals.Add(AddressOf(socket), "too many connections without a token");
                socket.Dispose();
                continue;
            }

            Interlocked.Increment(ref _handshakes);
            serving.Add(ServeAsync(socket));
        }

        await Task.WhenAll(serving);
    }

    private async Task<Socket?> TryAcceptAsync()
    {
        try
        {
            return await _listener.AcceptAsync(_stop.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            return null;
        }
        catch (SocketException e)
        {
            // Such as out of descriptors.
            if (_stop.IsCancellationRequested)
                return null;
            Log.LinkAcceptFailed(_log, e.Message);
            await Task.Delay(AcceptRetryDelay, _clock, _stop.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return null;
        }
    }

    // Never fails, so that nothing needs to await it before the end.
    private async Task ServeAsync(Socket socket)
    {
        var address = AddressOf(socket);
        try
        {
            var reader = new LinkReader();
            if (await AdmitAsync(socket, reader, address) is { } id)
                await RunAsync(socket, reader, id, address);
        }
        catch (Exception e)
        {
            // A bug; ends this link only.
            Log.LinkFailed(_log, e, $"{address}");
        }
        finally
        {
            socket.Dispose();
        }
    }

    // The client's id; null if it was refused.
    private async Task<string?> AdmitAsync(Socket socket, LinkReader reader, EndPoint? address)
    {
        using var timeout = new CancellationTokenSource(LinkLimits.HandshakeTimeout, _clock);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stop.Token);
        string? fault;
        try
        {
            socket.NoDelay = true;
            (var id, fault) = await LinkHandshake.AdmitAsync(socket, reader, _token, deadline.Token);
            if (id is not null)
                return id;
        }
        catch (SocketException e)
        {
            fault = e.Message;
        }
        catch (OperationCanceledException)
        {
            if (_stop.IsCancellationRequested)
                return null;
            fault = $"no token within {LinkLimits.HandshakeTimeout.TotalSeconds:0} s";
        }
        finally
        {
            Interlocked.Decrement(ref _handshakes);
        }

        _refusals.Add(address, fault!);
        return null;
    }

    private async Task RunAsync(Socket socket, LinkReader reader, string id, EndPoint? address)
    {
        try
        {
            if (Interlocked.Increment(ref _peers) > LinkLimits.PeersMax)
            {
                _refusals.Add(address, $"{LinkLimits.PeersMax} links are open");
                return;
            }

            Log.LinkAccepted(_log, id, $"{address}");
            using var peer = new LinkPeer(new LinkConnection(socket, reader, _clock), _answer, _requestsInFlightMax,
                _log);
            await using var stopping = _stop.Token.Register(() => peer.Finish(Stopping));
            var reason = await peer.RunAsync();
            if (!_stop.IsCancellationRequested)
                Log.LinkFromLost(_log, id, $"{address}", reason);
        }
        finally
        {
            Interlocked.Decrement(ref _peers);
        }
    }

    // Null if the client is already gone.
    private static EndPoint? AddressOf(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
