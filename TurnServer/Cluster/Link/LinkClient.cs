using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace TurnServer.Cluster.Link;

/// <summary>
/// The link from this server to another one, which answers requests that this one has received. Any thread may use it.
/// It does not connect again: after <see cref="Closed"/>, make another.
/// </summary>
internal sealed class LinkClient : IDisposable
{
    private readonly LinkConnection _connection;
    private readonly PendingAnswers _sent = new();
    private readonly string _address;
    private readonly ILogger _log;
    private int _isDisposed;

    private LinkClient(string address, LinkConnection connection, ILogger log)
    {
        _address = address;
        _connection = connection;
        _log = log;
        Closed = RunAsync();
    }

    /// <summary>
    /// Completes when the connection has ended and all requests have their answers; says why. Fails only on a bug.
    /// </summary>
    public Task<string> Closed { get; }

    /// <summary>Whether it has ended because the other server had fallen silent.</summary>
    public bool WasSilent => _connection.WasSilent;

    /// <summary>Connects to a server and presents the token, in <see cref="LinkLimits.ConnectTimeout"/>.</summary>
    /// <param name="address"><c>HOST:PORT</c>; an IPv6 address in brackets.</param>
    /// <param name="token">What that server wants to see.</param>
    /// <param name="ownId">This server's name, for the other one's log.</param>
    /// <param name="clock">For timeouts and pings.</param>
    /// <param name="log">For the beginning and the end of the link.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="LinkException">There is no link; the message says why.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static async Task<LinkClient> ConnectAsync(string address, string token, string ownId, TimeProvider clock,
        ILogger log, CancellationToken stop)
    {
        var target = LinkAddress.Parse(address) ?? throw new LinkException($"{address} is not HOST:PORT");
        using var timeout = new CancellationTokenSource(LinkLimits.ConnectTimeout, clock);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stop);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var isConnected = false;
        try
        {
            await socket.ConnectAsync(target, deadline.Token);
            var reader = new LinkReader();
            if (await LinkHandshake.GreetAsync(socket, reader, token, ownId, deadline.Token) is { } fault)
                throw new LinkException($"No link to {address}: {fault}");
            isConnected = true;
            Log.LinkEstablished(log, address);
            return new LinkClient(address, new LinkConnection(socket, reader, clock), log);
        }
        catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
        {
            var seconds = LinkLimits.ConnectTimeout.TotalSeconds;
            throw new LinkException($"No link to {address}: it did not answer within {seconds:0} s", e);
        }
        catch (SocketException e)
        {
            throw new LinkException($"No link to {address}: {e.Message}", e);
        }
        finally
        {
            if (!isConnected)
                socket.Dispose();
        }
    }

    /// <summary>
    /// Sends a request and completes with the answer. If there is none because the connection ends,
    /// <see cref="ForwardOutcome.NotTaken"/> says that nothing of the request was sent, and
    /// <see cref="ForwardOutcome.Unknown"/> that it may have been. Never throws.
    /// </summary>
    /// <param name="request">Its body must not be changed until the answer has come.</param>
    public ValueTask<ForwardAnswer> AskAsync(in ForwardedRequest request)
    {
        // The limits of HTTP are lower; a longer frame would end the link for all other requests.
        if (LinkCodec.LengthOf(request) > LinkLimits.RequestBytesMax)
            return new ValueTask<ForwardAnswer>(ForwardAnswer.NotTaken);
        var pending = new PendingAnswer(_sent, request);
        return _connection.TrySend(pending) ? pending.Task : new ValueTask<ForwardAnswer>(ForwardAnswer.NotTaken);
    }

    /// <summary>Ends the link. Requests that are pending get their answers as in <see cref="AskAsync"/>.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _isDisposed, 1);
        _connection.Dispose();
    }

    private async Task<string> RunAsync()
    {
        try
        {
            var reason = await _connection.RunAsync(Handle);
            if (Volatile.Read(ref _isDisposed) == 0)
                Log.LinkLost(_log, _address, reason);
            return reason;
        }
        finally
        {
            _sent.Abandon();
        }
    }

    private ValueTask<string?> Handle(LinkFrame frame)
    {
        switch (frame.Type)
        {
            case LinkFrameType.Ping:
                return default;
            case LinkFrameType.Answer when LinkCodec.TryReadAnswer(frame.Payload.Span, out var number, out var answer):
                if (_sent.Take(number) is not { } pending)
                    return new ValueTask<string?>($"an answer to the unknown request {number}");
                pending.Complete(answer);
                return default;
            default:
                return new ValueTask<string?>($"frame type {(byte)frame.Type} with {frame.Payload.Length} bytes");
        }
    }
}
