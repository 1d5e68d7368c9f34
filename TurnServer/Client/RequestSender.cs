using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>A request, which is repeated until it is answered.</summary>
/// <param name="Body">The body.</param>
/// <param name="Wait">How long the server may hold the reply; zero: not at all.</param>
/// <param name="ReceivedBytes">
/// How many bytes of the last block have arrived; null if there was none, or the request is not an update.
/// </param>
internal readonly record struct OutgoingRequest(ReadOnlyMemory<byte> Body, TimeSpan Wait = default,
    int? ReceivedBytes = null)
{
    /// <summary>Its symbol.</summary>
    public Symbol Symbol => (Symbol)(Body.Span[0] - '0');
}

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
internal sealed class RequestSender(IRequestTransport transport, TurnClientOptions options)
{
    // The reply of an abandoned request is most often on its way: waiting for it keeps the connection open.
    private static readonly TimeSpan AbandonGrace = TimeSpan.FromSeconds(1);

    /// <summary>Sends until there is a reply or <see cref="TurnClientOptions.Patience"/> is over.</summary>
    /// <param name="outgoing">The request.</param>
    /// <param name="cancel">Cancels at once.</param>
    /// <param name="abandon">Ends soon, with the attempt under way; the caller ignores the outcome.</param>
    public async Task<RequestOutcome> SendAsync(OutgoingRequest outgoing, CancellationToken cancel,
        CancellationToken abandon = default)
    {
        var pause = TimeSpan.Zero;
        long? firstFailedAt = null;
        while (true)
        {
            var startedAt = options.Time.GetTimestamp();
            var attempt = await TryAsync(outgoing, cancel, abandon);
            var outcome = new RequestOutcome(attempt.Reply.GetValueOrDefault(), attempt.Fault);
            // Not lost: its reply may still have been on its way.
            if (attempt.Reply is null && abandon.IsCancellationRequested)
                return outcome;
            options.Observer?.Invoke(new TurnAttempt(outgoing.Symbol, options.Time.GetElapsedTime(startedAt),
                attempt.Reply, attempt.Loss));
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

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private async Task<RequestAttempt> TryAsync(OutgoingRequest outgoing, CancellationToken cancel,
        CancellationToken abandon)
    {
        var patience = options.ReplyTimeout + outgoing.Wait;
        using var timeout = new CancellationTokenSource(patience, options.Time);
        await using var registration = abandon.UnsafeRegister(
            static timeout => ((CancellationTokenSource)timeout!).CancelAfter(AbandonGrace), timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        try
        {
            return await transport.TryAsync(outgoing, either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            if (!abandon.IsCancellationRequested)
                transport.NoteOverdue();
            return RequestAttempt.Lost($"no answer within {patience.TotalSeconds:0.#} s");
        }
    }
}
