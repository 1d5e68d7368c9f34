using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>
/// Answers one HTTP request: one byte[] in, one byte[] out (PROTOCOL.md, "Reply" and "Other requests").
/// </summary>
internal sealed class RequestHandler(HttpOptions options, TurnActor actor, ILogger log)
{
    private const string Text = "text/plain; charset=utf-8";
    private const string Methods = "GET, HEAD, POST, OPTIONS";
    private const int OkStatus = 200;
    private const int NoContentStatus = 204;
    private const int NotFoundStatus = 404;
    private const int MethodNotAllowedStatus = 405;
    private const int RequestTimeoutStatus = 408;
    private const int UnavailableStatus = 503;

    private static readonly TimeSpan HealthTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10);

    private readonly AddressLimiter _limiter = new(options.RequestsPerSecond, log);
    private long _lastPostTicks;
    private long _overloadLoggedAt;

    /// <summary>Set when the server stops: from then on every reply closes its connection.</summary>
    public bool IsDraining { get; set; }

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
            LogFailure(e);
            await AbandonAsync(context);
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
                await RefuseUnreadAsync(context, ErrorCode.RateLimited);
                break;
            case "GET" or "HEAD":
                await AnswerGetAsync(context);
                break;
            case "OPTIONS":
                await SendAsync(context, NoContentStatus, []);
                break;
            default:
                context.Response.Headers["Allow"] = Methods;
                await SendAsync(context, MethodNotAllowedStatus, "method not allowed"u8.ToArray());
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
            await AbandonAsync(context);
            return;
        }

        // What a slow client takes to send its body is not time inside the server.
        var startedAt = Stopwatch.GetTimestamp();
        if (body.LeavesRest)
            context.Response.KeepAlive = false;
        var reply = TryRead(request, body, isAdmitted, out var turn, out var refusal)
            ? await AskAsync(context, turn, body.Bytes, from)
            : WireReply.Of(refusal);
        if (reply.AppliedWaitSeconds == 0)
            Volatile.Write(ref _lastPostTicks, Stopwatch.GetElapsedTime(startedAt).Ticks);
        await SendAsync(context, reply);
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
            if (reply.Error == ErrorCode.ServerBusy)
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
                await SendAsync(context, OkStatus,
                    Encoding.ASCII.GetBytes(seconds.ToString("0.0######", CultureInfo.InvariantCulture)));
                break;
            case "/healthz":
                var isHealthy = await IsActorHealthyAsync();
                await SendAsync(context, isHealthy ? OkStatus : UnavailableStatus,
                    isHealthy ? "ok"u8.ToArray() : "the turn actor does not answer"u8.ToArray());
                break;
            default:
                await SendAsync(context, NotFoundStatus, "not found"u8.ToArray());
                break;
        }
    }

    private async ValueTask<bool> IsActorHealthyAsync()
    {
        try
        {
            return await actor.InquireAsync(_ => true).WaitAsync(HealthTimeout);
        }
        catch (Exception e) when (e is TimeoutException or ActorBusyException or ActorFailedException)
        {
            return false;
        }
    }

    // Refuses before the body is read, which costs the client its connection.
    private ValueTask RefuseUnreadAsync(HttpListenerContext context, ErrorCode error)
    {
        if (context.Request.HasEntityBody)
            context.Response.KeepAlive = false;
        return SendAsync(context, WireReply.Of(Reply.Refuse(error)));
    }

    private ValueTask SendAsync(HttpListenerContext context, in WireReply reply)
    {
        var response = context.Response;
        if (reply.Error is ErrorCode.RateLimited or ErrorCode.ServerBusy)
            response.Headers["Retry-After"] = "1";
        if (reply.AppliedWaitSeconds > 0)
        {
            response.Headers["Preference-Applied"] =
                string.Create(CultureInfo.InvariantCulture, $"wait={reply.AppliedWaitSeconds}");
        }

        return SendAsync(context, HttpStatus.Of(reply.Error), reply.Body);
    }

    private ValueTask SendAsync(HttpListenerContext context, int status, byte[] body)
    {
        var request = context.Request;
        var response = context.Response;
        response.StatusCode = status;
        response.Headers["Server"] = "TurnServer";
        if (request.Headers["Origin"] is not null)
            AllowOrigin(response);
        if (IsDraining || (request.HttpMethod != "POST" && request.HasEntityBody))
            response.KeepAlive = false;
        if (status != NoContentStatus)
        {
            response.ContentType = Text;
            response.Headers["X-Content-Type-Options"] = "nosniff";
            response.ContentLength64 = body.Length;
        }

        return WriteAsync(response, request.HttpMethod == "HEAD" ? [] : body);
    }

    // One send for head and body. It is at once done unless the client sends requests and reads no replies, until its
    // send buffer is full; a synchronous write would then hold a thread. Without a body, too: closing writes the head
    // in step.
    private async ValueTask WriteAsync(HttpListenerResponse response, byte[] body)
    {
        try
        {
            await response.OutputStream.WriteAsync(body, 0, body.Length).WaitAsync(WriteTimeout);
            response.Close();
        }
        catch (TimeoutException)
        {
            Log.ClientGone(log, "it did not read its reply");
            response.Abort();
        }
    }

    private void AllowOrigin(HttpListenerResponse response)
    {
        response.Headers["Access-Control-Allow-Origin"] = options.CorsOrigin;
        response.Headers["Access-Control-Allow-Methods"] = Methods;
        response.Headers["Access-Control-Allow-Headers"] = "Content-Type, Prefer, Turn-Received";
        response.Headers["Access-Control-Expose-Headers"] = "Preference-Applied, Retry-After";
        response.Headers["Access-Control-Max-Age"] = "86400";
        if (options.CorsOrigin != "*")
            response.Headers["Vary"] = "Origin";
    }

    // Closing without having set these would send an empty 200 first.
    private async ValueTask AbandonAsync(HttpListenerContext context)
    {
        try
        {
            context.Response.StatusCode = RequestTimeoutStatus;
            context.Response.ContentLength64 = 0;
            context.Response.KeepAlive = false;
            await WriteAsync(context.Response, []);
        }
        catch (Exception e)
        {
            // It was closed already, or had begun to be answered. Nothing more can be said to this client.
            LogFailure(e);
            if (ListenerInternals.Available)
                ListenerInternals.SocketOf(ListenerInternals.ConnectionOf(context))?.Dispose();
        }
    }

    private void LogFailure(Exception e)
    {
        if (ClientFault.Is(e))
            Log.ClientGone(log, e.Message);
        else
            Log.RequestFailed(log, e);
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
