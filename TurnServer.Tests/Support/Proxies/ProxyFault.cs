namespace TurnServer.Tests.Support;

/// <summary>What can befall a request between client and server.</summary>
internal enum ProxyFault
{
    None,

    /// <summary>The connection ends; the server never sees the request.</summary>
    DropRequest,

    /// <summary>Nothing comes back and the connection stays; the server never sees the request.</summary>
    SwallowRequest,

    /// <summary>The proxy itself finds it too long: 413. The server never sees the request.</summary>
    RefuseLength,

    /// <summary>The server takes it; the connection ends without a reply.</summary>
    DropReply,

    /// <summary>The server gets it later, maybe when the client has given up and asked for something else.</summary>
    DelayRequest,

    /// <summary>The server takes it at once, the reply comes later.</summary>
    DelayReply,

    /// <summary>The server gets it twice; the second reply is the one that comes.</summary>
    SendTwice,

    /// <summary>The server gets it once more, later; that reply is thrown away.</summary>
    SendAgainLater,

    /// <summary>Only the first bytes of the reply come, then the connection ends.</summary>
    CutReply,
}

/// <summary>What is to happen to one request.</summary>
/// <param name="Fault">What befalls it.</param>
/// <param name="Until">What a delay, or the sending again, waits for.</param>
/// <param name="Answered">Called when the server has answered the request, or the copy of it that was late.</param>
/// <param name="Cut">Which part of a cut reply comes: 0 nothing, 1 all but the last byte.</param>
internal readonly record struct ProxyPlan(ProxyFault Fault, Task? Until = null, Action? Answered = null,
    double Cut = 0.9);

/// <summary>A request as the proxy sees it.</summary>
internal sealed record ProxiedRequest(string Body, bool MayBeHeld)
{
    public bool IsUpdate(int counter) => Body.StartsWith("6,", StringComparison.Ordinal)
        && Body.EndsWith($",{counter}", StringComparison.Ordinal);

    /// <summary>Whether it is an update that says nothing.</summary>
    public bool IsEmptyUpdate(int counter) => IsUpdate(counter) && Body.StartsWith("6,,", StringComparison.Ordinal);
}

/// <summary>Faults by chance, each of these kinds with this probability.</summary>
internal sealed class RandomFaults(int seed, double probability, params ProxyFault[] kinds)
{
    private readonly Random _random = new(seed);
    private readonly Lock _lock = new();

    /// <summary>How long a delay may be, in milliseconds.</summary>
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
