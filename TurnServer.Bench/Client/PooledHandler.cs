using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace TurnServer.Bench.Client;

/// <summary>
/// Sends requests over HTTP/1.1 with a quarter less CPU time than SocketsHttpHandler, so that one process can simulate
/// thousands of players beside the server on the same machine. It supports what a turn server sends: replies with
/// Content-Length, no redirects, cookies or proxies.
/// </summary>
internal sealed class PooledHandler : HttpMessageHandler
{
    // Shorter than the server's idle timeout of 15 s, so that no request meets a connection that is being closed.
    private static readonly TimeSpan IdleMax = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private readonly ConcurrentStack<PooledConnection> _idle = new();
    private volatile IPEndPoint? _resolved;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        var connection = await ConnectAsync(request.RequestUri!, cancel);
        var isReusable = false;
        try
        {
            (var response, isReusable) = await connection.ExchangeAsync(request, cancel);
            return response;
        }
        catch (IOException e)
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

    private async ValueTask<PooledConnection> ConnectAsync(Uri url, CancellationToken cancel)
    {
        while (_idle.TryPop(out var idle))
        {
            if (Stopwatch.GetElapsedTime(idle.UsedAt) < IdleMax)
                return idle;
            idle.Dispose();
        }

        var target = _resolved ?? (EndPoint)new DnsEndPoint(url.IdnHost, url.Port);
        // For a name a socket of both families.
        var socket = target is IPEndPoint address
            ? new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.NoDelay = true;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timeout.CancelAfter(ConnectTimeout);
        try
        {
            await socket.ConnectAsync(target, timeout.Token);
            // A name is resolved once: all players play on one server.
            _resolved ??= WithoutMapping((IPEndPoint)socket.RemoteEndPoint!);
            return new PooledConnection(await OpenAsync(socket, url, timeout.Token));
        }
        catch (Exception e)
        {
            socket.Dispose();
            if (e is SocketException or IOException or AuthenticationException
                || (e is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                throw new HttpRequestException($"no connection: {e.Message}", e);
            }

            throw;
        }
    }

    private static async Task<Stream> OpenAsync(Socket socket, Uri url, CancellationToken cancel)
    {
        var stream = new NetworkStream(socket, ownsSocket: true);
        if (url.Scheme == Uri.UriSchemeHttp)
            return stream;
        var encrypted = new SslStream(stream);
        var options = new SslClientAuthenticationOptions { TargetHost = url.IdnHost };
        await encrypted.AuthenticateAsClientAsync(options, cancel);
        return encrypted;
    }

    // A socket of both families has IPv4 addresses mapped to IPv6.
    private static IPEndPoint WithoutMapping(IPEndPoint endPoint) => endPoint.Address.IsIPv4MappedToIPv6
        ? new IPEndPoint(endPoint.Address.MapToIPv4(), endPoint.Port)
        : endPoint;
}
