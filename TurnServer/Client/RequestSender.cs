using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>A request, which is repeated until it is answered.</summary>
/// <param name="Body">The body.</param>
/// <param name="Wait">How long the server may hold the reply; zero: not at all.</param>
/// <param name="ReceivedBytes">
/// How many bytes of the last block have arrived; null if there was none, or the request is not an update.
/// </param>
internal readonly record struct OutgoingRequest(ReadOnlyMemory<byte> Body, TimeSpan Wait = default,
    int? ReceivedBytes = null);

/// <summary>The result of a request.</summary>
/// <param name="Reply">The server's reply; the default if it could not be reached.</param>
/// <param name="Fault">Why the server refused, or could not be reached; null when it took the request.</param>
internal readonly record struct RequestOutcome(ServerReply Reply, TurnFault? Fault)
{
    /// <summary>The assumed outcome of an abandoned held update.</summary>
    public static RequestOutcome Assumed { get; } = new(new ServerReply { Code = ReplyCode.GameNoData }, null);
}

/// <summary>
/// Sends a request, and repeats the same bytes until a reply comes. That is safe because requests are idempotent
/// (PROTOCOL.md, "The game" and "Pairing").
/// </summary>
internal sealed class RequestSender(HttpMessageInvoker http, Uri url, TurnClientOptions options)
{
    // The longest reply is a full block.
    private const int ReplyBytesMax = ProtocolLimits.BacklogBytesMax + 64;

    private const int ErrorStatusMin = 500;
    private const int RequestTimeout = (int)HttpStatusCode.RequestTimeout;
    private const int NotImplemented = (int)HttpStatusCode.NotImplemented;
    private const int TooManyRequests = (int)HttpStatusCode.TooManyRequests;

    // The reply of an abandoned request is most often on its way: waiting for it keeps the connection open.
    private static readonly TimeSpan AbandonGrace = TimeSpan.FromSeconds(1);

    // The server asks for a second with 503 and 429; do not wait for hours because a proxy says so.
    private static readonly TimeSpan RetryAfterMax = TimeSpan.FromSeconds(5);

    /// <summary>Sends until there is a reply or <see cref="TurnClientOptions.Patience"/> is over.</summary>
    /// <param name="outgoing">The request.</param>
    /// <param name="cancel">Cancels at once.</param>
    /// <param name="abandon">Ends soon, with the attempt under way; the caller ignores the outcome.</param>
    public async Task<RequestOutcome> SendAsync(OutgoingRequest outgoing, CancellationToken cancel,
        CancellationToken abandon = default)
    {
        var symbol = (Symbol)(outgoing.Body.Span[0] - '0');
        var pause = TimeSpan.Zero;
        long? firstFailedAt = null;
        while (true)
        {
            var startedAt = options.Time.GetTimestamp();
            var attempt = await TryAsync(symbol, outgoing, cancel, abandon);
            var outcome = new RequestOutcome(attempt.Reply.GetValueOrDefault(), attempt.Fault);
            // Not lost: its reply may still have been on its way.
            if (attempt.Reply is null && abandon.IsCancellationRequested)
                return outcome;
            options.Observer?.Invoke(new TurnAttempt(symbol, options.Time.GetElapsedTime(startedAt), attempt.Reply,
                attempt.Loss));
            if (attempt.IsFinal)
                return outcome;
            // Counted from when it was known to be lost: a held reply is given up late.
            firstFailedAt ??= options.Time.GetTimestamp();
            // With jitter, so that after a restart not all clients come back at the same instant.
            var spread = attempt.RetryAfter + (pause * (0.5 + (Random.Shared.NextDouble() / 2)));
            if (options.Time.GetElapsedTime(firstFailedAt.Value) + spread > options.Patience)
                return outcome;
            if (spread > TimeSpan.Zero)
                await Task.Delay(spread, options.Time, cancel);
            if (abandon.IsCancellationRequested)
                return outcome;
            pause = pause == TimeSpan.Zero ? options.FirstPause : Min(pause * 2, options.LongestPause);
        }
    }

    /// <summary>Asks once how many players wait in a pool; null: in none.</summary>
    public async Task<TurnResult<WaitingPlayers>> GetWaitingAsync(string? pool, CancellationToken cancel)
    {
        using var timeout = new CancellationTokenSource(options.ReplyTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        var query = pool is null ? "" : $"?pool={Uri.EscapeDataString(pool)}";
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(url, $"waiting{query}"));
            using var response = await FetchAsync(request, either.Token);
            await response.Content.LoadIntoBufferAsync(ReplyBytesMax, either.Token);
            var line = (await response.Content.ReadAsStringAsync(either.Token)).Split(' ');
            if (response.IsSuccessStatusCode && line.Length == 2
                && int.TryParse(line[0], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                && int.TryParse(line[1], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            {
                return new WaitingPlayers(count, TimeSpan.FromSeconds(seconds));
            }

            return response.StatusCode switch
            {
                HttpStatusCode.TooManyRequests => TurnFault.Of(ErrorCode.RateLimited, null),
                HttpStatusCode.ServiceUnavailable => TurnFault.Of(ErrorCode.ServerBusy, null),
                var status => Attempt.NotTurnServer($"it answers {(int)status} to GET /waiting").Fault!,
            };
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return Attempt.Lost(Reason(e)).Fault!;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return Attempt.Lost($"no answer within {options.ReplyTimeout.TotalSeconds:0.#} s").Fault!;
        }
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private async Task<Attempt> TryAsync(Symbol symbol, OutgoingRequest outgoing, CancellationToken cancel,
        CancellationToken abandon)
    {
        var patience = options.ReplyTimeout + outgoing.Wait;
        using var timeout = new CancellationTokenSource(patience, options.Time);
        await using var registration = abandon.UnsafeRegister(
            static timeout => ((CancellationTokenSource)timeout!).CancelAfter(AbandonGrace), timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        try
        {
            using var request = Compose(outgoing);
            using var response = await FetchAsync(request, either.Token);
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
            // Not final: a server that goes down during the handshake looks the same.
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

    // By default HttpClient buffers a body of any length before its length can be checked.
    private Task<HttpResponseMessage> FetchAsync(HttpRequestMessage request, CancellationToken cancel) =>
        http is HttpClient client
            ? client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel)
            : http.SendAsync(request, cancel);

    private HttpRequestMessage Compose(OutgoingRequest outgoing)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new ReadOnlyMemoryContent(outgoing.Body),
        };
        if (outgoing.Wait > TimeSpan.Zero)
            request.Headers.TryAddWithoutValidation("Prefer", $"wait={(int)outgoing.Wait.TotalSeconds}");
        if (outgoing.ReceivedBytes is { } bytes)
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
            // From a proxy whose server is down for a moment, or that limits this address's rate.
            if (status is (>= ErrorStatusMin and not NotImplemented) or RequestTimeout or TooManyRequests)
                return Attempt.Lost($"the answer was {status} {response.ReasonPhrase}");
            // From a proxy whose limit is lower than the server's.
            if (status == (int)HttpStatusCode.RequestEntityTooLarge)
                return Attempt.Answered(new ServerReply { Error = ErrorCode.OverContentLength });
            return Attempt.NotTurnServer(response.Headers.Location is { } location
                ? $"it redirects to {location}"
                : $"it answers {status} {response.ReasonPhrase}, but not like a turn server");
        }

        var silent = Number(response, ReplyHeaders.PartnerSilent);
        reply = reply with
        {
            TurnCounter = Number(response, ReplyHeaders.TurnCounter),
            Totals = Number(response, ReplyHeaders.TurnsTaken) is >= 0 and var taken
                && Number(response, ReplyHeaders.TurnsAcknowledged) is >= 0 and var acknowledged
                ? new TurnTotals(taken, acknowledged)
                : null,
            PartnerSilentSeconds = silent is >= 0 and <= int.MaxValue ? (int)silent : null,
        };
        if (reply.Error is ErrorCode.RateLimited or ErrorCode.ServerBusy)
            return Attempt.Postponed(reply, RetryAfter(response.Headers.RetryAfter));
        if (reply.Error == ErrorCode.None && !ServerReply.Answers(reply.Code, symbol))
            return Attempt.NotTurnServer($"it answers {reply.Code} to {symbol}");
        return Attempt.Answered(reply);
    }

    // Null if there is no such header, or something on the way has made it unreadable.
    private static long? Number(HttpResponseMessage response, string header) =>
        response.Headers.NonValidated.TryGetValues(header, out var values)
            && long.TryParse(values.ToString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
                out var number)
            ? number
            : null;

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
            new(null, new TurnFault(TurnFaultKind.NotTurnServer, $"this is not a turn server: {why}"), why, true,
                default);
    }
}
