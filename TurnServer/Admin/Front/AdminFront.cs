using System.Net;
using Microsoft.Extensions.Logging;
using TurnServer.Http;

namespace TurnServer.Admin.Front;

/// <summary>
/// The admin port: a separate listener for a browser and a monitoring system. It is read-only and has no password,
/// so it listens on loopback unless configured otherwise.
/// </summary>
internal sealed class AdminFront : IDisposable
{
    /// <summary>
    /// The most open connections: a few browsers and monitoring systems. They do not count as players' connections.
    /// </summary>
    public const int ConnectionsMax = 32;

    /// <summary>The most descriptors that they use, including those of connections about to be closed.</summary>
    public const int DescriptorsMax = ConnectionsMax + ConnectionGuard.OverrunMax;

    /// <summary>How many requests are answered at once; others wait in the listener.</summary>
    private const int RequestsAtOnce = 4;

    private readonly AcceptLoop _acceptLoop;
    private readonly IReadOnlyDictionary<string, AdminEndpoint> _endpoints;
    private readonly bool _isLoopback;
    private readonly ConnectionGuard? _guard;
    private readonly ILogger _log;

    private AdminFront(AdminOptions options, HttpListener listener,
        IReadOnlyDictionary<string, AdminEndpoint> endpoints, ILogger log)
    {
        _endpoints = endpoints;
        _isLoopback = options.Host is { } host && IPAddress.IsLoopback(host);
        _log = log;
        _guard = ConnectionGuard.TryCreate(listener, options.Port, ConnectionsMax,
            new HttpOptions { ConnectionsPerAddressMax = 0 }, "too many clients on the admin port", log);
        _acceptLoop = new AcceptLoop(listener, _guard, log);
    }

    /// <summary>
    /// Starts to listen; to be called after <see cref="HttpFront.StartAsync"/>, which prepares the process.
    /// </summary>
    /// <param name="options">Where to listen; the port must not be 0.</param>
    /// <param name="endpoints">What is served, by path.</param>
    /// <param name="log">For failures.</param>
    /// <exception cref="CannotListenException">The port cannot be used; the message is for the operator.</exception>
    public static AdminFront Start(AdminOptions options, IReadOnlyDictionary<string, AdminEndpoint> endpoints,
        ILogger log) =>
        new(options, ListenerStart.Start(new ListenAddress(options.Host, options.Port, "--admin-")), endpoints, log);

    /// <summary>Serves until the process ends; fails when the connection guard does.</summary>
    public Task RunAsync() => _acceptLoop.RunAsync(RequestsAtOnce, HandleAsync);

    /// <summary>Stops the guard; the listener lasts until the process ends.</summary>
    public void Dispose() => _guard?.Dispose();

    private async Task HandleAsync(HttpListenerContext context)
    {
        try
        {
            await SendAsync(context, await AnswerAsync(context.Request));
        }
        catch (Exception e)
        {
            // As on the players' port: only this connection is closed.
            ResponseWriter.LogFailure(_log, e);
            await ResponseWriter.AbandonAsync(context, 500, _log);
        }
    }

    private async ValueTask<AdminReply> AnswerAsync(HttpListenerRequest request)
    {
        if (_isLoopback && !IsForThisMachine(request.UserHostName))
            return AdminReply.Line(421, "this is the admin port of another host: ask for it as localhost");
        if (request.HttpMethod is not ("GET" or "HEAD"))
            return AdminReply.Line(405, "this port answers GET only");
        if (request.Url is not { } url || !_endpoints.TryGetValue(url.AbsolutePath, out var endpoint))
            return AdminReply.Line(404, $"not found; there are {string.Join(", ", _endpoints.Keys)}");
        return await endpoint(new AdminRequest(request.QueryString, request.Headers["Accept"]));
    }

    // Against DNS rebinding: another site's host name may resolve to loopback, and its scripts could then read this
    // port. They cannot do so under an address or localhost.
    private static bool IsForThisMachine(string? host)
    {
        var name = host is null ? "" : host.Split(':')[0];
        return name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(name, out _);
    }

    private async Task SendAsync(HttpListenerContext context, AdminReply reply)
    {
        var response = context.Response;
        response.StatusCode = reply.Status;
        response.ContentType = reply.ContentType;
        response.ContentLength64 = reply.Body.Length;
        response.Headers["Server"] = "TurnServer";
        response.Headers["Cache-Control"] = "no-store";
        response.Headers["X-Content-Type-Options"] = "nosniff";
        response.Headers["Content-Security-Policy"] = reply.ContentSecurityPolicy;
        if (reply.Status == 405)
            response.Headers["Allow"] = "GET, HEAD";
        if (context.Request.HasEntityBody)
            response.KeepAlive = false;
        var body = context.Request.HttpMethod == "HEAD" ? [] : reply.Body;
        if (await ResponseWriter.TryWriteAsync(context, body, _log))
            response.Close();
    }
}
