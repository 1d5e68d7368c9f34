using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Demo;
using TurnServer.Metrics;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>Sends replies with their status and headers (PROTOCOL.md, "Reply").</summary>
/// <param name="corsOrigin">The origin whose pages may read replies; <c>*</c> means any.</param>
/// <param name="bodyTimeout">The longest that the rest of an oversized body is drained.</param>
/// <param name="metrics">Counts replies that could not be sent.</param>
/// <param name="log">For replies that could not be sent.</param>
/// <param name="draining">Cancelled when the server stops: from then on every reply closes its connection.</param>
internal sealed class ReplySender(string corsOrigin, TimeSpan bodyTimeout, RequestMetrics metrics, ILogger log,
    CancellationToken draining)
{
    /// <summary>The methods that are allowed.</summary>
    public const string Methods = "GET, HEAD, POST, OPTIONS";

    /// <summary>The header Server of every reply.</summary>
    public const string Server = "TurnServer";

    private const string Text = "text/plain; charset=utf-8";
    private const string NoStore = "no-store";
    private const string ExposedHeaders = $"Preference-Applied, Retry-After, {ReplyHeaders.TurnCounter}, "
        + $"{ReplyHeaders.TurnsTaken}, {ReplyHeaders.TurnsAcknowledged}, {ReplyHeaders.PartnerSilent}";

    private const int OkStatus = 200;
    private const int NoContentStatus = 204;

    /// <summary>Sends a reply to a player's request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="reply">The reply.</param>
    /// <param name="leavesBody">Whether the body has not been read completely; the connection is then closed.</param>
    public ValueTask SendAsync(HttpListenerContext context, in WireReply reply, bool leavesBody = false)
    {
        var response = context.Response;
        if (reply.AsksToRetry)
            response.Headers["Retry-After"] = "1";
        if (reply.WasHeld)
        {
            response.Headers["Preference-Applied"] =
                string.Create(CultureInfo.InvariantCulture, $"wait={reply.AppliedWaitSeconds}");
        }

        if (reply.TurnCounter is { } counter)
            response.Headers[ReplyHeaders.TurnCounter] = counter.ToString(CultureInfo.InvariantCulture);
        if (reply.Totals is { } totals)
        {
            response.Headers[ReplyHeaders.TurnsTaken] = totals.Taken.ToString(CultureInfo.InvariantCulture);
            response.Headers[ReplyHeaders.TurnsAcknowledged] =
                totals.Acknowledged.ToString(CultureInfo.InvariantCulture);
        }

        if (reply.PartnerSilentSeconds is { } seconds)
            response.Headers[ReplyHeaders.PartnerSilent] = seconds.ToString(CultureInfo.InvariantCulture);
        return SendAsync(context, HttpStatus.Of(reply.Error), reply.Body, leavesBody);
    }

    /// <summary>Sends a reply to a request of another kind.</summary>
    public ValueTask SendAsync(HttpListenerContext context, int status, byte[] body)
    {
        var request = context.Request;
        return SendAsync(context, status, body, leavesBody: request.HttpMethod != "POST" && request.HasEntityBody);
    }

    /// <summary>Sends a file of the demo.</summary>
    public ValueTask SendAsync(HttpListenerContext context, DemoFile file)
    {
        context.Response.Headers["Content-Security-Policy"] = DemoPage.ContentSecurityPolicy;
        return SendAsync(context, OkStatus, file.Body, leavesBody: context.Request.HasEntityBody, file.ContentType);
    }

    private ValueTask SendAsync(HttpListenerContext context, int status, byte[] body, bool leavesBody,
        string contentType = Text)
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
            response.ContentType = contentType;
            response.Headers["X-Content-Type-Options"] = "nosniff";
            response.Headers["Cache-Control"] = NoStore;
            response.ContentLength64 = body.Length;
        }

        return WriteAsync(context, request.HttpMethod == "HEAD" ? [] : body, leavesBody);
    }

    private async ValueTask WriteAsync(HttpListenerContext context, byte[] body, bool leavesBody)
    {
        if (!await ResponseWriter.TryWriteAsync(context, body, log))
        {
            metrics.ClientDisconnected();
            return;
        }

        if (leavesBody)
            await DrainBodyAsync(context);
        context.Response.Close();
    }

    // Closing the connection while the client is still sending would reset it, and might lose the reply.
    private async ValueTask DrainBodyAsync(HttpListenerContext context)
    {
        try
        {
            // For clients that wait for the end of the connection.
            if (ListenerInternals.Available)
                ListenerInternals.SocketOf(ListenerInternals.ConnectionOf(context))?.Shutdown(SocketShutdown.Send);
            await RequestBody.DrainAsync(context.Request, bodyTimeout, draining);
        }
        catch (Exception e) when (ClientDisconnect.Caused(e))
        {
            // The client has left.
        }
    }

    private void AllowOrigin(HttpListenerRequest request, HttpListenerResponse response)
    {
        response.Headers["Access-Control-Allow-Origin"] = corsOrigin;
        response.Headers["Access-Control-Allow-Methods"] = Methods;
        response.Headers["Access-Control-Allow-Headers"] =
            CorsHeaders.Allow(request.Headers["Access-Control-Request-Headers"]);
        response.Headers["Access-Control-Expose-Headers"] = ExposedHeaders;
        response.Headers["Access-Control-Max-Age"] = "86400";
        if (corsOrigin != "*")
            response.Headers["Vary"] = "Origin";
    }
}
