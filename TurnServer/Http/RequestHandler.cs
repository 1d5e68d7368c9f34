using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Metrics;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>
/// Answers one HTTP request: one byte[] in, one byte[] out (PROTOCOL.md, "Reply" and "Other requests").
/// </summary>
/// <param name="options">Limits and times.</param>
/// <param name="actor">Who answers players.</param>
/// <param name="metrics">Counts requests and replies.</param>
/// <param name="log">For what an operator should know.</param>
/// <param name="draining">
/// Set when the server stops: from then on every reply closes its connection, and no refusal waits.
/// </param>
internal sealed class RequestHandler(HttpOptions options, TurnActor actor, RequestMetrics metrics, ILogger log,
    CancellationToken draining)
{
    private const int OkStatus = 200;
    private const int NoContentStatus = 204;
    private const int NotFoundStatus = 404;
    private const int MethodNotAllowedStatus = 405;
    private const int RequestTimeoutStatus = 408;
    private const int UnavailableStatus = 503;

    private readonly ActorProbe _probe = new(actor.CountAsync, TimeProvider.System);
    private readonly ReplySender _sender = new(options.CorsOrigin, options.BodyTimeout, metrics, log, draining);
    private readonly AddressLimiter _limiter = new(options.RequestsPerSecond, log);
    private readonly RefusalDelay _refusals = new(TimeProvider.System, draining);
    private long _lastPostTicks;
    private long _overloadLoggedAt;

    /// <summary>Handles one request to its end. Throws nothing that a client can cause.</summary>
    /// <param name="context">A live context.</param>
    /// <param name="isOverLimit">Whether its connection is one too many and is to be closed.</param>
    public async Task HandleAsync(HttpListenerContext context, bool isOverLimit)
    {
        try
        {
            await AnswerAsync(context, isOverLimit);
        }
        catch (Exception e)
        {
            // The policy for bugs here: this connection pays, the others play on. The rules' own bugs end the process
            // through the actor.
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

        // The body is read first even so: an unread one would cost the client its connection.
        var isAdmitted = _limiter.TryAdmit(from);
        switch (request.HttpMethod)
        {
            case "POST":
                await AnswerPostAsync(context, from, isAdmitted);
                break;
            case var _ when !isAdmitted:
                await _refusals.WaitAsync();
                await RefuseUnreadAsync(context, ErrorCode.RateLimited);
                break;
            case "GET" or "HEAD":
                await AnswerGetAsync(context);
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
            // Two lengths are how requests are smuggled past a proxy (RFC 9112, 6.1).
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
            await _refusals.WaitAsync();
        // Neither that nor what a slow client takes to send its body is time inside the server.
        var startedAt = Stopwatch.GetTimestamp();
        var isRead = TryRead(request, body, isAdmitted, out var turn, out var refusal);
        Symbol? symbol = isRead ? turn.Symbol : null;
        var reply = isRead ? await AskAsync(context, turn, body.Bytes, from) : WireReply.Of(refusal);
        var elapsed = Stopwatch.GetElapsedTime(startedAt);
        if (reply.AppliedWaitSeconds == 0)
            Volatile.Write(ref _lastPostTicks, elapsed.Ticks);
        metrics.Answered(symbol, reply, elapsed);
        await _sender.SendAsync(context, reply, leavesBody: body.Outcome == BodyOutcome.TooLong);
    }

    private static bool TryRead(HttpListenerRequest request, in RequestBody body, bool isAdmitted, out TurnRequest turn,
        out Reply refusal)
    {
        turn = default;
        refusal = Reply.Refuse(isAdmitted ? ErrorCode.OverContentLength : ErrorCode.RateLimited);
        if (!isAdmitted || body.Outcome == BodyOutcome.TooLong
            || !RequestParser.TryParse(body.Bytes.Span, out turn, out refusal))
        {
            return false;
        }

        refusal = Reply.Refuse(ErrorCode.PostDataFormat, (byte)FormatFault.Counter);
        return TryReadReceived(request, ref turn);
    }

    // False when the header is malformed: passed over, it would acknowledge what has not arrived.
    private static bool TryReadReceived(HttpListenerRequest request, ref TurnRequest turn)
    {
        if (turn.Symbol != Symbol.GameUpdate || request.Headers[TurnReceivedHeader.Name] is not { } header)
            return true;
        if (!TurnReceivedHeader.TryParse(header, out var bytes))
            return false;
        turn = turn with { ReceivedBytes = bytes };
        return true;
    }

    private async ValueTask<WireReply> AskAsync(HttpListenerContext context, TurnRequest turn,
        ReadOnlyMemory<byte> body, ClientAddress from)
    {
        var waitSeconds = turn.Symbol is Symbol.RequestPair or Symbol.MapReady or Symbol.GameUpdate
            && context.Request.Headers["Prefer"] is { } prefer
                ? Math.Min(PreferHeader.WaitSeconds(prefer), options.WaitSecondsMax)
                : 0;
        try
        {
            var reply = await actor.AskAsync(turn, body, from, waitSeconds);
            // A full disk has been told of where it was noticed.
            if (reply.Error == ErrorCode.ServerBusy && !actor.IsStalled)
                NoteOverload();
            return reply;
        }
        catch (ActorFailedException)
        {
            // Logged where it happened; the process is about to end.
            return WireReply.Of(Reply.Refuse(ErrorCode.ServerBusy));
        }
    }

    private async ValueTask AnswerGetAsync(HttpListenerContext context)
    {
        switch (context.Request.Url?.AbsolutePath)
        {
            case "/":
                var seconds = TimeSpan.FromTicks(Volatile.Read(ref _lastPostTicks)).TotalSeconds;
                await _sender.SendAsync(context, OkStatus,
                    Encoding.ASCII.GetBytes(seconds.ToString("0.0######", CultureInfo.InvariantCulture)));
                break;
            case "/healthz":
                var trouble = await _probe.CheckHealthAsync();
                await _sender.SendAsync(context, trouble is null ? OkStatus : UnavailableStatus,
                    Encoding.UTF8.GetBytes(trouble ?? "ok"));
                break;
            default:
                await _sender.SendAsync(context, NotFoundStatus, "not found"u8.ToArray());
                break;
        }
    }

    // Refuses before the body is read, which costs the client its connection.
    private ValueTask RefuseUnreadAsync(HttpListenerContext context, ErrorCode error)
    {
        var reply = WireReply.Of(Reply.Refuse(error));
        metrics.Refused(reply);
        return _sender.SendAsync(context, reply, leavesBody: context.Request.HasEntityBody);
    }

    private void NoteOverload()
    {
        var last = Volatile.Read(ref _overloadLoggedAt);
        var now = Stopwatch.GetTimestamp();
        if (last != 0 && Stopwatch.GetElapsedTime(last, now) < TimeSpan.FromMinutes(1))
            return;
        if (Interlocked.CompareExchange(ref _overloadLoggedAt, now, last) == last)
            Log.Overloaded(log);
    }
}
