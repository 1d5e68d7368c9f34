using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace TurnServer.Bench.Load.Http;

/// <summary>
/// Carries requests over plain HTTP/1.1 for less than SocketsHttpHandler takes (TurnServer.Bench/README.md), so that one
/// process can play thousands of players beside the server on the same machine. It knows what a turn server answers and
/// no more: replies with Content-Length, no redirects, cookies, proxies or TLS.
/// </summary>
internal sealed class LeanHandler : HttpMessageHandler
{
    // The server closes what is idle for 15 s: rather than meet that moment, let go first.
    private static readonly TimeSpan IdleMax = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private readonly ConcurrentStack<LeanConnection> _idle = new();
    private volatile IPEndPoint? _reached;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        var connection = await ConnectAsync(request.RequestUri!, cancel);
        var isReusable = false;
        try
        {
            (var response, isReusable) = await connection.ExchangeAsync(request, cancel);
            return response;
        }
        catch (SocketException e)
        {
            throw new HttpRequestException(e.Message, e);
        }
        finally
        {
            if (isReusable)
                _idle.Push(connection);
            else
                connection.Dispose();
        }
    }

    protected override void Dispose(bool disposing)
    {
        while (disposing && _idle.TryPop(out var connection))
            connection.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<LeanConnection> ConnectAsync(Uri url, CancellationToken cancel)
    {
        while (_idle.TryPop(out var idle))
        {
            if (Stopwatch.GetElapsedTime(idle.UsedAt) < IdleMax)
                return idle;
            idle.Dispose();
        }

        var target = _reached ?? (EndPoint)new DnsEndPoint(url.IdnHost, url.Port);
        // Of an address's family, or of both for a name.
        var socket = target is IPEndPoint address
            ? new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.NoDelay = true;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timeout.CancelAfter(ConnectTimeout);
        try
        {
            await socket.ConnectAsync(target, timeout.Token);
        }
        catch (Exception e)
        {
            socket.Dispose();
            if (e is SocketException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
                throw new HttpRequestException($"no connection: {e.Message}", e);
            throw;
        }

        // A name is looked up once: all players play on one server.
        _reached ??= Plain((IPEndPoint)socket.RemoteEndPoint!);
        return new LeanConnection(socket);
    }

    // A socket of both families calls an IPv4 address by an IPv6 name.
    private static IPEndPoint Plain(IPEndPoint reached) => reached.Address.IsIPv4MappedToIPv6
        ? new IPEndPoint(reached.Address.MapToIPv4(), reached.Port)
        : reached;
}
