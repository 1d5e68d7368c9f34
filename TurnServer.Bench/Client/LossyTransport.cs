using TurnServer.Client;

namespace TurnServer.Bench.Client;

/// <summary>
/// Drops a share of the replies after the server has answered, as a bad network does: the request has taken effect and
/// its sender does not know.
/// </summary>
/// <param name="inner">Sends the requests.</param>
/// <param name="share">0 to 1.</param>
/// <param name="seed">Repeats the choice, as far as requests come in the same order.</param>
internal sealed class LossyTransport(IRequestTransport inner, double share, int seed) : IRequestTransport
{
    /// <summary>The error of a dropped reply, to tell it from other lost replies.</summary>
    public const string Reason = "dropped on purpose";

    private readonly Random _random = new(seed);

    public async Task<RequestAttempt> TryAsync(OutgoingRequest outgoing, CancellationToken cancel)
    {
        var attempt = await inner.TryAsync(outgoing, cancel);
        return attempt.Reply is not null && IsDropped() ? RequestAttempt.Lost(Reason) : attempt;
    }

    public void NoteOverdue() => inner.NoteOverdue();

    public void Close() => inner.Close();

    private bool IsDropped()
    {
        // A seeded Random is not thread-safe.
        lock (_random)
            return _random.NextDouble() < share;
    }
}
