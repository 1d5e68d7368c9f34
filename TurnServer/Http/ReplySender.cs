using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Metrics;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>Sends answers: their status and headers (PROTOCOL.md, "Reply"), within a time.</summary>
/// <param name="corsOrigin">The origin whose pages may read them; <c>*</c> means any.</param>
/// <param name="bodyTimeout">The longest that the rest of a body is read after its request was answered.</param>
/// <param name="metrics">Counts those that fail.</param>
/// <param name="log">Where those are told.</param>
/// <param name="draining">Set when the server stops: from then on every reply closes its connection.</param>
internal sealed class ReplySender(string corsOrigin, TimeSpan bodyTimeout, RequestMetrics metrics, ILogger log,
    CancellationToken draining)
{
    /// <summary>The methods that there are.</summary>
    public const string Methods = "GET, HEAD, POST, OPTIONS";

    private const string Text = "text/plain; charset=utf-8";
    private const string Server = "TurnServer";
    private const string NoStore = "no-store";
    private const int NoContentStatus = 204;

    /// <summary>Sends a reply to a player's request.</summary>
    /// <param name="context">The request's.</param>
    /// <param name="reply">What to send.</param>
    /// <param name="leavesBody">Whether the body has not been read to its end: then the connection is closed.</param>
    public ValueTask SendAsync(HttpListenerContext context, in WireReply reply, bool leavesBody = false)
    {
        var response = context.Response;
        if (reply.Error is ErrorCode.RateLimited or ErrorCode.ServerBusy)
            response.Headers["Retry-After"] = "1";
        if (reply.WasHeld)
        {
            response.Headers["Preference-Applied"] =
                string.Create(CultureInfo.InvariantCulture, $"wait={reply.AppliedWaitSeconds}");
        }

        return SendAsync(context, HttpStatus.Of(reply.Error), reply.Body, leavesBody);
    }

    /// <summary>Sends a reply to a request without a body, or to a player's.</summary>
    public ValueTask SendAsync(HttpListenerContext context, int status, byte[] body)
    {
        var request = context.Request;
        return SendAsync(context, status, body, leavesBody: request.HttpMethod != "POST" && request.HasEntityBody);
    }

    private ValueTask SendAsync(HttpListenerContext context, int status, byte[] body, bool leavesBody)
    {
        var request = context.Request;
        var response = context.Response;
        response.StatusCode = status;
        response.Headers["Server"] = Server;
        if (request.Headers["Origin"] is not null)
            AllowOrigin(request, response);
        if (leavesBody || draining.IsCancellationRequested || !KeepAlive.IsAllowed(request, status))
            response.KeepAlive = false;
        else if (KeepAlive.HeaderFor(context) is { } keepAlive)
            response.Headers["Keep-Alive"] = keepAlive;
        if (status != NoContentStatus)
        {
            response.ContentType = Text;
            response.Headers["X-Content-Type-Options"] = "nosniff";
            response.Headers["Cache-Control"] = NoStore;
            response.ContentLength64 = body.Length;
        }

        return WriteAsync(context, request.HttpMethod == "HEAD" ? [] : body, leavesBody);
    }

    private async ValueTask WriteAsync(HttpListenerContext context, byte[] body, bool leavesBody)
    {
        var response = context.Response;
        if (await ResponseWriter.WriteAsync(context, body) is { } lost)
        {
            metrics.ClientDisconnected();
            Log.ClientGone(log, lost);
            response.Abort();
            return;
        }

        if (leavesBody)
            await TakeRestAsync(context);
        response.Close();
    }

    // A client that is still sending when its connection is closed is reset, and may lose the reply that it has.
    private async ValueTask TakeRestAsync(HttpListenerContext context)
    {
        try
        {
            // Says that no more comes: a client that waits for the end has it now.
            if (ListenerInternals.Available)
                ListenerInternals.SocketOf(ListenerInternals.ConnectionOf(context))?.Shutdown(SocketShutdown.Send);
            await RequestBody.DrainAsync(context.Request, bodyTimeout, draining);
        }
        catch (Exception e) when (ClientDisconnect.Caused(e))
        {
            // It has left.
        }
    }

    private void AllowOrigin(HttpListenerRequest request, HttpListenerResponse response)
    {
        response.Headers["Access-Control-Allow-Origin"] = corsOrigin;
        response.Headers["Access-Control-Allow-Methods"] = Methods;
        response.Headers["Access-Control-Allow-Headers"] =
            CorsHeaders.Allow(request.Headers["Access-Control-Request-Headers"]);
        response.Headers["Access-Control-Expose-Headers"] = "Preference-Applied, Retry-After";
        response.Headers["Access-Control-Max-Age"] = "86400";
        if (corsOrigin != "*")
            response.Headers["Vary"] = "Origin";
    }
}
