namespace TurnServer.Tests.Support;

/// <summary>A network fault that a <see cref="FaultyProxy"/> applies to a request.</summary>
internal enum ProxyFault
{
    None,

    /// <summary>The connection is closed; the server never sees the request.</summary>
    DropRequest,

    /// <summary>No reply, and the connection stays open; the server never sees the request.</summary>
    SwallowRequest,

    /// <summary>The proxy refuses the request as too large (413); the server never sees it.</summary>
    RefuseLength,

    /// <summary>The server handles the request; the connection is closed without a reply.</summary>
    DropReply,

    /// <summary>The server gets the request late, maybe after the client has given up and moved on.</summary>
    DelayRequest,

    /// <summary>The server handles the request at once; the client gets the reply late.</summary>
    DelayReply,

    /// <summary>The server gets the request twice; the client gets the second reply.</summary>
    SendTwice,

    /// <summary>The server gets the request again later; that reply is discarded.</summary>
    SendAgainLater,

    /// <summary>The connection is closed after the first bytes of the reply.</summary>
    CutReply,
}

/// <summary>What to do with one request.</summary>
/// <param name="Fault">The fault to apply.</param>
/// <param name="Until">Ends the delay of a delayed or repeated request.</param>
/// <param name="Answered">Called when the server has answered the request, or its late copy.</param>
/// <param name="Cut">How much of a cut reply is sent: 0 nothing, 1 all but the last byte.</param>
internal readonly record struct ProxyPlan(ProxyFault Fault, Task? Until = null, Action? Answered = null,
    double Cut = 0.9);

/// <summary>A request seen by the proxy.</summary>
internal sealed record ProxiedRequest(string Body, bool MayBeHeld)
{
    public bool IsUpdate(int counter) => Body.StartsWith("6,", StringComparison.Ordinal)
        && Body.EndsWith($",{counter}", StringComparison.Ordinal);

    /// <summary>Whether this is an update without a turn.</summary>
    public bool IsEmptyUpdate(int counter) => IsUpdate(counter) && Body.StartsWith("6,,", StringComparison.Ordinal);
}

/// <summary>Random faults: each of these kinds with this probability.</summary>
internal sealed class RandomFaults(int seed, double probability, params ProxyFault[] kinds)
{
    private readonly Random _random = new(seed);
    private readonly Lock _lock = new();

    /// <summary>Longest delay, in milliseconds.</summary>
    public int DelayMillisecondsMax { get; init; } = 300;

    public ProxyPlan Plan(ProxiedRequest request)
    {
        lock (_lock)
        {
            var kind = (int)(_random.NextDouble() / probability);
            if (kind >= kinds.Length)
                return default;
            var delay = Task.Delay(_random.Next(1, DelayMillisecondsMax));
            return new ProxyPlan(kinds[kind], delay, Cut: _random.NextDouble());
        }
    }
}
