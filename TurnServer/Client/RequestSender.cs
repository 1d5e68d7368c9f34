using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>A request, as it is asked as often as it takes.</summary>
/// <param name="Body">Its bytes.</param>
/// <param name="Wait">How long the server may hold the reply; zero not at all.</param>
/// <param name="ReceivedBytes">
/// How much of the last block has arrived; null: there was none, or the request is no update.
/// </param>
internal readonly record struct OutgoingRequest(ReadOnlyMemory<byte> Body, TimeSpan Wait = default,
    int? ReceivedBytes = null);

/// <summary>What became of a request in the end.</summary>
/// <param name="Reply">The server's answer; without meaning when there is a fault of the way there.</param>
/// <param name="Fault">The server's refusal, or why it cannot be reached; null when it took the request.</param>
internal readonly record struct RequestOutcome(ServerReply Reply, TurnFault? Fault)
{
    /// <summary>An update that is taken for taken although no answer to it has been seen.</summary>
    public static RequestOutcome Unseen { get; } =
        new(new ServerReply { Code = ReplyCode.GameNoData }, null) { IsUnseen = true };

    /// <summary>Whether it is <see cref="Unseen"/>.</summary>
    public bool IsUnseen { get; private init; }
}

/// <summary>
/// Asks the server, and asks again with the very same bytes for as long as no reply comes: that is safe because the
/// server takes each request only once (PROTOCOL.md, "The game" and "Pairing").
/// </summary>
internal sealed class RequestSender(HttpMessageInvoker http, Uri url, TurnClientOptions options)
{
    // The longest reply is a full block; beyond it is no turn server's.
    private const int ReplyBytesMax = ProtocolLimits.BacklogBytesMax + 64;

    private const int ErrorStatusMin = 500;
    private const int RequestTimeout = (int)HttpStatusCode.RequestTimeout;
    private const int NotImplemented = (int)HttpStatusCode.NotImplemented;
    private const int TooManyRequests = (int)HttpStatusCode.TooManyRequests;

    // A reply that is let go is on its way: letting it arrive spares the connection.
    private static readonly TimeSpan LetGoGrace = TimeSpan.FromSeconds(1);

    // 503 and 429 ask for a second; a server that asks for hours is not waited for.
    private static readonly TimeSpan RetryAfterMax = TimeSpan.FromSeconds(5);

    /// <summary>Asks until there is an answer or the client's patience is over.</summary>
    /// <param name="ask">The request.</param>
    /// <param name="cancel">Ends it at once.</param>
    /// <param name="letGo">Ends it with the attempt under way, soon: nobody looks at the outcome any longer.</param>
    public async Task<RequestOutcome> AskAsync(OutgoingRequest ask, CancellationToken cancel, CancellationToken letGo = default)
    {
        var symbol = (Symbol)(ask.Body.Span[0] - '0');
        var pause = TimeSpan.Zero;
        long? firstFailedAt = null;
        while (true)
        {
            var startedAt = options.Time.GetTimestamp();
            var attempt = await TryAsync(symbol, ask, cancel, letGo);
            var outcome = new RequestOutcome(attempt.Reply.GetValueOrDefault(), attempt.Fault);
            // Its reply may have been on its way still: that is no loss to tell of.
            if (attempt.Reply is null && letGo.IsCancellationRequested)
                return outcome;
            options.Observer?.Invoke(new TurnAttempt(symbol, options.Time.GetElapsedTime(startedAt), attempt.Reply,
                attempt.Loss));
            if (attempt.IsFinal)
                return outcome;
            // From when it was known to be lost: a reply that may be held for long is given up late.
            firstFailedAt ??= options.Time.GetTimestamp();
            // Spread out, or all that a restart has cut off come back in the same instant.
            var spread = attempt.RetryAfter + (pause * (0.5 + (Random.Shared.NextDouble() / 2)));
            if (options.Time.GetElapsedTime(firstFailedAt.Value) + spread > options.Patience)
                return outcome;
            if (spread > TimeSpan.Zero)
                await Task.Delay(spread, options.Time, cancel);
            if (letGo.IsCancellationRequested)
                return outcome;
            pause = pause == TimeSpan.Zero ? options.FirstPause : Min(pause * 2, options.LongestPause);
        }
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private async Task<Attempt> TryAsync(Symbol symbol, OutgoingRequest ask, CancellationToken cancel,
        CancellationToken letGo)
    {
        var patience = options.ReplyTimeout + ask.Wait;
        using var timeout = new CancellationTokenSource(patience, options.Time);
        await using var soon = letGo.UnsafeRegister(
            static timeout => ((CancellationTokenSource)timeout!).CancelAfter(LetGoGrace), timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        try
        {
            using var request = Compose(ask);
            using var response = await SendAsync(request, either.Token);
            await response.Content.LoadIntoBufferAsync(ReplyBytesMax, either.Token);
            return Judge(symbol, response, await response.Content.ReadAsByteArrayAsync(either.Token));
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            return Attempt.NotTurnServer("its answer is longer than any turn server's");
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.InvalidResponse)
        {
            return Attempt.NotTurnServer("its answer is not HTTP");
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            // Not final: a server that goes away in the middle of a handshake looks the same.
            return Attempt.Lost($"no TLS, as https:// asks for: {Reason(e)}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return Attempt.Lost(Reason(e));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return Attempt.Lost($"no answer within {patience.TotalSeconds:0.#} s");
        }
    }

    // HttpClient by itself reads a body of any length before anybody can say that it is too long.
    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel) =>
        http is HttpClient client
            ? client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel)
            : http.SendAsync(request, cancel);

    private HttpRequestMessage Compose(OutgoingRequest ask)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ReadOnlyMemoryContent(ask.Body) };
        if (ask.Wait > TimeSpan.Zero)
            request.Headers.TryAddWithoutValidation("Prefer", $"wait={(int)ask.Wait.TotalSeconds}");
        if (ask.ReceivedBytes is { } bytes)
        {
            request.Headers.TryAddWithoutValidation(TurnReceivedHeader.Name,
                bytes.ToString(CultureInfo.InvariantCulture));
        }

        return request;
    }

    private static Attempt Judge(Symbol symbol, HttpResponseMessage response, byte[] body)
    {
        var wasHeld = response.Headers.NonValidated.Contains("Preference-Applied");
        var status = (int)response.StatusCode;
        if (!ServerReply.TryParse(body, wasHeld, out var reply))
        {
            // A proxy says so when the server behind it is away for a moment, or this address asks too often.
            if (status is (>= ErrorStatusMin and not NotImplemented) or RequestTimeout or TooManyRequests)
                return Attempt.Lost($"the answer was {status} {response.ReasonPhrase}");
            // A proxy whose limit is lower than the server's.
            if (status == (int)HttpStatusCode.RequestEntityTooLarge)
                return Attempt.Answered(new ServerReply { Error = ErrorCode.OverContentLength });
            return Attempt.NotTurnServer(response.Headers.Location is { } location
                ? $"it sends one on to {location}"
                : $"it answers {status} {response.ReasonPhrase}, but not as a turn server does");
        }

        if (reply.Error is ErrorCode.RateLimited or ErrorCode.ServerBusy)
            return Attempt.Postponed(reply, RetryAfter(response.Headers.RetryAfter));
        if (reply.Error == ErrorCode.None && !ServerReply.Answers(reply.Code, symbol))
            return Attempt.NotTurnServer($"it answers {reply.Code} to {symbol}");
        return Attempt.Answered(reply);
    }

    private static TimeSpan RetryAfter(RetryConditionHeaderValue? header) =>
        Min(header?.Delta ?? TimeSpan.Zero, RetryAfterMax);

    private static string Reason(Exception e) => e.GetBaseException().Message.TrimEnd('.');

    private readonly record struct Attempt(ServerReply? Reply, TurnFault? Fault, string? Loss, bool IsFinal,
        TimeSpan RetryAfter)
    {
        public static Attempt Answered(in ServerReply reply) => new(reply,
            reply.Error == ErrorCode.None ? null : TurnFault.Of(reply.Error, reply.Detail), null, true, default);

        public static Attempt Postponed(in ServerReply reply, TimeSpan retryAfter) =>
            new(reply, TurnFault.Of(reply.Error, reply.Detail), null, false, retryAfter);

        public static Attempt Lost(string why) =>
            new(null, new TurnFault(TurnFaultKind.Unreachable, $"the server cannot be reached: {why}"), why, false,
                default);

        public static Attempt NotTurnServer(string why) =>
            new(null, new TurnFault(TurnFaultKind.NotTurnServer, $"this is no turn server: {why}"), why, true, default);
    }
}
