using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TurnServer.Http;

/// <summary>
/// Starts a listener while clients connect. <see cref="HttpListener.Start"/> accepts before it is ready: a client that
/// connects at that instant makes it throw and leak its socket (dotnet/corefx#35191).
/// </summary>
internal static class ListenerStart
{
    private const int AttemptsMax = 20;
    private const int WarmUpAttemptsMax = 5;
    private const int ProbeMilliseconds = 2000;
    private const int PermissionDenied = 13;
    private const int NotSupported = 50;
    private const int AddressInUse = 98;
    private const int AddressNotAvailable = 99;

    private static readonly TimeSpan WarmUpTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Sends one request through a private loopback listener, so that the real one starts with compiled code and that
    /// instant is short, and checks <see cref="ListenerInternals"/>. Returns what is missing there, or null.
    /// </summary>
    public static async Task<string?> WarmUpAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await WarmUpAsync(FreeLoopbackPort()).WaitAsync(WarmUpTimeout);
            }
            catch (Exception e) when (e is HttpListenerException or SocketException or IOException)
            {
                // Another program took the port before this one could listen on it.
                if (attempt == WarmUpAttemptsMax)
                    return e.Message;
            }
            catch (TimeoutException e)
            {
                return e.Message;
            }
        }
    }

    /// <summary>Starts a listener.</summary>
    /// <exception cref="CannotListenException">It cannot listen; the message is for the operator.</exception>
    public static HttpListener Start(ListenAddress at)
    {
        for (var attempt = 1; ; attempt++)
        {
            var listener = new HttpListener { IgnoreWriteExceptions = true };
            try
            {
                listener.Prefixes.Add($"http://{at.Host?.ToString() ?? "+"}:{at.Port}/");
                listener.Start();
                if (attempt < AttemptsMax && !Accepts(at))
                {
                    listener.Abort();
                    continue;
                }

                if (at.Host is not null && ListenerInternals.Available)
                    ListenerInternals.AnswerEveryHost(ListenerInternals.FindEndPoint(at.Port)!, listener);
                return listener;
            }
            catch (Exception e) when (attempt < AttemptsMax && (e is ArgumentNullException
                || (e is HttpListenerException { ErrorCode: AddressInUse } && attempt > 1)))
            {
                // The socket that this or an earlier attempt leaked holds the port until it is finalized.
                listener = null;
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            catch (HttpListenerException e)
            {
                throw new CannotListenException(Explain(e, at), e);
            }
        }
    }

    private static async Task<string?> WarmUpAsync(int port)
    {
        var listener = new HttpListener { Prefixes = { $"http://127.0.0.1:{port}/" } };
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        var stream = client.GetStream();
        var request = $"POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        var context = await listener.GetContextAsync();
        var missing = ListenerInternals.Check(listener, context);
        context.Response.KeepAlive = false;
        context.Response.Close("ok"u8.ToArray(), willBlock: true);
        listener.Abort();
        return missing;
    }

    // The same race can also end the listener's accept loop, on another thread, while Start() returns normally. The
    // probe sends garbage because the listener answers that itself.
    private static bool Accepts(ListenAddress at)
    {
        try
        {
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            probe.ReceiveTimeout = ProbeMilliseconds;
            probe.Connect(new IPEndPoint(at.Host ?? IPAddress.Loopback, at.Port));
            probe.Send("GET\r\n\r\n"u8);
            probe.Receive(new byte[1]);
            return true;
        }
        catch (SocketException e)
        {
            // A reset is a response too.
            return e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown;
        }
    }

    private static string Explain(HttpListenerException e, ListenAddress at) => e.ErrorCode switch
    {
        PermissionDenied => $"no permission to listen on port {at.Port}: ports below 1024 need root or "
            + $"CAP_NET_BIND_SERVICE. Take another one, such as {at.FlagPrefix}port 8080, or let systemd grant it "
            + "(AmbientCapabilities=CAP_NET_BIND_SERVICE).",
        AddressInUse => $"port {at.Port} is taken by another program "
            + $"(ss -ltnp 'sport = :{at.Port}' shows which). Stop that one, or take another port with "
            + $"{at.FlagPrefix}port.",
        AddressNotAvailable or NotSupported => $"{at.Host} is not an address of this machine "
            + $"(ip -4 addr lists them); see {at.FlagPrefix}host.",
        _ => $"cannot listen on port {at.Port}: {e.Message}.",
    };

    private static int FreeLoopbackPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}

/// <summary>The server cannot listen on its address; the message says why and what to do.</summary>
public sealed class CannotListenException(string message, Exception? inner = null) : Exception(message, inner);
