namespace TurnServer.Bench.Client;

/// <summary>
/// Drops a share of the replies after the server has answered, as a bad network does: the request has taken effect and
/// its sender does not know.
/// </summary>
/// <param name="inner">Sends the requests.</param>
/// <param name="share">0 to 1.</param>
/// <param name="seed">Repeats the choice, as far as requests come in the same order.</param>
internal sealed class LossyHandler(HttpMessageHandler inner, double share, int seed) : DelegatingHandler(inner)
{
    /// <summary>The error of a dropped reply, to tell it from other lost replies.</summary>
    public const string Reason = "dropped on purpose";

    private readonly Random _random = new(seed);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        var response = await base.SendAsync(request, cancel);
        if (!IsDropped())
            return response;
        response.Dispose();
        throw new HttpRequestException(Reason);
    }

    private bool IsDropped()
    {
        // A seeded Random is not thread-safe.
        lock (_random)
            return _random.NextDouble() < share;
    }
}
