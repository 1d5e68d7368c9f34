namespace TurnServer.Tests.Support;

/// <summary>What a <see cref="FaultyProxy"/> does with one request.</summary>
/// <param name="Fault">The fault to apply.</param>
/// <param name="Until">Ends the delay of a delayed or repeated request.</param>
/// <param name="Answered">Called when the server has answered the request, or its late copy.</param>
/// <param name="Cut">How much of a cut reply is sent: 0 nothing, 1 all but the last byte.</param>
internal readonly record struct ProxyPlan(NetworkFault Fault, Task? Until = null, Action? Answered = null,
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
internal sealed class RandomFaults(int seed, double probability, params NetworkFault[] kinds)
{
    private readonly Random _random = new(seed);
    private readonly Lock _lock = new();

    /// <summary>Longest delay, in milliseconds.</summary>
    public int DelayMillisecondsMax { get; init; } = 300;

    /// <summary>How many requests have met a fault.</summary>
    public int Count { get; private set; }

    public ProxyPlan Plan(ProxiedRequest request)
    {
        lock (_lock)
        {
            var kind = (int)(_random.NextDouble() / probability);
            if (kind >= kinds.Length)
                return default;
            Count++;
            var delay = Task.Delay(_random.Next(1, DelayMillisecondsMax));
            return new ProxyPlan(kinds[kind], delay, Cut: _random.NextDouble());
        }
    }
}
