namespace TurnServer.Bench.Load.Http;

/// <summary>
/// Drops a share of the replies after the server has answered, as a bad network does: the request has had its effect,
/// and its sender does not know.
/// </summary>
/// <param name="inner">What carries the requests.</param>
/// <param name="share">0 to 1.</param>
/// <param name="seed">Which ones, as far as requests come in the same order.</param>
internal sealed class LossyHandler(HttpMessageHandler inner, double share, int seed) : DelegatingHandler(inner)
{
    /// <summary>Why such a reply is missing, by which it is told from others that are.</summary>
    public const string Reason = "dropped on purpose";

    private readonly Random _random = new(seed);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        var response = await base.SendAsync(request, cancel);
        if (!IsDropped())
            return response;
        // Read to its end, so that the connection can be used again.
        await response.Content.LoadIntoBufferAsync(cancel);
        response.Dispose();
        throw new HttpRequestException(Reason);
    }

    private bool IsDropped()
    {
        // Random is not for several threads at once, and one that is cannot be seeded.
        lock (_random)
            return _random.NextDouble() < share;
    }
}
