using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Demo;
using TurnServer.Http.WebSockets;
using TurnServer.Metrics;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>
/// Handles one HTTP request: reads the body, has the gateway answer it, and sends status, headers and reply
/// (PROTOCOL.md, "Reply" and "Other requests").
/// </summary>
/// <param name="options">Limits and timeouts.</param>
/// <param name="gateway">Answers players.</param>
/// <param name="sockets">Accepts WebSockets.</param>
/// <param name="probe">Tells whether the server is healthy.</param>
/// <param name="limiter">Limits requests by address.</param>
/// <param name="refusals">Delays refusals by that limit.</param>
/// <param name="metrics">Counts requests and replies.</param>
/// <param name="log">For failures.</param>
/// <param name="draining">Cancelled when the server stops: from then on every reply closes its connection.</param>
internal sealed class RequestHandler(HttpOptions options, IPlayerGateway gateway, WebSocketFront sockets,
    ActorProbe probe, AddressLimiter limiter, RefusalDelay refusals, RequestMetrics metrics, ILogger log,
    CancellationToken draining)
{
    private const int OkStatus = 200;
    private const int NoContentStatus = 204;
    private const int NotFoundStatus = 404;
    private const int MethodNotAllowedStatus = 405;
    private const int RequestTimeoutStatus = 408;
    private const int BadGatewayStatus = 502;
    private const int UnavailableStatus = 503;

    private readonly ReplySender _sender = new(options.CorsOrigin, options.BodyTimeout, metrics, log, draining);
    private long _lastPostTicks;

    /// <summary>Handles one request to its end. Throws nothing that a client can cause.</summary>
    /// <param name="context">A context that the listener has not answered itself.</param>
    /// <param name="isOverLimit">Whether its connection exceeds the limit and is to be closed.</param>
    public async Task HandleAsync(HttpListenerContext context, bool isOverLimit)
    {
        try
        {
            await AnswerAsync(context, isOverLimit);
        }
        catch (Exception e)
        {
            // A bug here closes this connection only. A bug in the rules ends the process, through the actor.
            if (ClientDisconnect.Caused(e))
                metrics.ClientDisconnected();
            else
                metrics.Failed();
            ResponseWriter.LogFailure(log, e);
            await ResponseWriter.AbandonAsync(context, RequestTimeoutStatus, log);
        }
    }

    private async ValueTask AnswerAsync(HttpListenerContext context, bool isOverLimit)
    {
        var request = context.Request;
        if (PeerAddress.Of(request, options.TrustProxy) is not { } from)
        {
            await RefuseUnreadAsync(context, ErrorCode.NoClientAddress);
            return;
        }

        if (isOverLimit)
        {
            await RefuseUnreadAsync(context, ErrorCode.ServerBusy);
            return;
        }

        // A POST is refused only once its body has been read: an unread body would cost the client its connection.
        var isAdmitted = limiter.TryAdmit(from);
        switch (request.HttpMethod)
        {
            case "POST":
                await AnswerPostAsync(context, from, isAdmitted);
                break;
            case var _ when !isAdmitted:
                await refusals.WaitAsync();
                await RefuseUnreadAsync(context, ErrorCode.RateLimited);
                break;
            case "GET" or "HEAD":
                await AnswerGetAsync(context, from);
                break;
            case "OPTIONS":
                await _sender.SendAsync(context, NoContentStatus, []);
                break;
            default:
                context.Response.Headers["Allow"] = ReplySender.Methods;
                await _sender.SendAsync(context, MethodNotAllowedStatus, "method not allowed"u8.ToArray());
                break;
        }
    }

    private async ValueTask AnswerPostAsync(HttpListenerContext context, ClientAddress from, bool isAdmitted)
    {
        var request = context.Request;
        if (request.Headers["Transfer-Encoding"] is not null && request.Headers["Content-Length"] is not null)
        {
            // Two lengths are a way to smuggle a request past a proxy (RFC 9112, 6.1).
            await RefuseUnreadAsync(context, ErrorCode.BadContentLength);
            return;
        }

        var body = await RequestBody.ReadAsync(request, options.BodyTimeout);
        if (body.Outcome is BodyOutcome.TimedOut or BodyOutcome.Broken)
        {
            metrics.ClientDisconnected();
            await ResponseWriter.AbandonAsync(context, RequestTimeoutStatus, log);
            return;
        }

        if (!isAdmitted)
            await refusals.WaitAsync();
        // Excludes the delay, and the time that a slow client takes to send its body.
        var startedAt = Stopwatch.GetTimestamp();
        WireReply reply;
        try
        {
            reply = (isAdmitted, body.Outcome) switch
            {
                (false, _) => WireReply.Of(Reply.Refuse(ErrorCode.RateLimited)),
                (_, BodyOutcome.TooLong) => WireReply.Of(Reply.Refuse(ErrorCode.OverContentLength)),
                _ => await AskAsync(request, body.Bytes, from),
            };
        }
        catch (OutcomeUnknownException lost)
        {
            // Like a proxy's: it settles nothing, and the client repeats the request (PROTOCOL.md, "Rules for
            // clients").
            metrics.UnknownOutcome();
            await _sender.SendAsync(context, BadGatewayStatus, Encoding.UTF8.GetBytes(lost.Message));
            return;
        }

        var elapsed = Stopwatch.GetElapsedTime(startedAt);
        if (!reply.WasHeld)
            Volatile.Write(ref _lastPostTicks, elapsed.Ticks);
        metrics.Answered(reply.Symbol, reply, elapsed);
        await _sender.SendAsync(context, reply, leavesBody: body.Outcome == BodyOutcome.TooLong);
    }

    private ValueTask<WireReply> AskAsync(HttpListenerRequest request, ReadOnlyMemory<byte> body, ClientAddress from)
    {
        var waitSeconds = request.Headers["Prefer"] is { } prefer ? PreferHeader.WaitSeconds(prefer) : 0;
        return gateway.AskAsync(body, request.Headers[TurnReceivedHeader.Name], waitSeconds, from);
    }

    private async ValueTask AnswerGetAsync(HttpListenerContext context, ClientAddress from)
    {
        switch (context.Request.Url?.AbsolutePath)
        {
            case "/" when context.Request.HttpMethod == "GET" && WebSocketUpgrade.IsWanted(context.Request):
                await UpgradeAsync(context, from);
                break;
            case "/":
                var seconds = TimeSpan.FromTicks(Volatile.Read(ref _lastPostTicks)).TotalSeconds;
                await _sender.SendAsync(context, OkStatus,
                    Encoding.ASCII.GetBytes(seconds.ToString("0.0######", CultureInfo.InvariantCulture)));
                break;
            case "/healthz":
                var problem = await probe.CheckHealthAsync();
                await _sender.SendAsync(context, problem is null ? OkStatus : UnavailableStatus,
                    Encoding.UTF8.GetBytes(problem ?? "ok"));
                break;
            case "/waiting":
                await _sender.SendAsync(context, await gateway.GetWaitingAsync(context.Request.Url.Query));
                break;
            case var path when options.ServesDemo && DemoPage.Find(path) is { } file:
                await _sender.SendAsync(context, file);
                break;
            default:
                await _sender.SendAsync(context, NotFoundStatus, "not found"u8.ToArray());
                break;
        }
    }

    private async ValueTask UpgradeAsync(HttpListenerContext context, ClientAddress from)
    {
        if (await sockets.TryAcceptAsync(context, from) is not { } refusal)
            return;
        if (refusal == UpgradeRefusal.WrongVersion)
        {
            context.Response.Headers["Sec-WebSocket-Version"] = WebSocketUpgrade.Version;
            // Required with 426 (RFC 9110, 15.5.22), and Connection with Upgrade (7.8).
            context.Response.Headers["Upgrade"] = "websocket";
            context.Response.Headers["Connection"] = "Upgrade";
        }

        await _sender.SendAsync(context, refusal.Status, refusal.Body);
    }

    // Refuses a request without reading its body, which costs the client its connection.
    private ValueTask RefuseUnreadAsync(HttpListenerContext context, ErrorCode error)
    {
        var reply = WireReply.Of(Reply.Refuse(error));
        metrics.Refused(reply);
        return _sender.SendAsync(context, reply, leavesBody: context.Request.HasEntityBody);
    }
}
