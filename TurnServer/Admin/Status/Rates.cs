using TurnServer.Protocol;

namespace TurnServer.Admin.Status;

/// <summary>What happened between two samples, per second.</summary>
internal sealed record Rates
{
    public required double RequestsPerSecond { get; init; }

    public required double RefusalsPerSecond { get; init; }

    public required double RateLimitedPerSecond { get; init; }

    /// <summary>The mean time inside the server of replies that were not held; null when there were none.</summary>
    public required double? ServedMicroseconds { get; init; }

    /// <summary>Processor cores in use.</summary>
    public required double Cores { get; init; }

    /// <summary>The share of the time for which the garbage collector stopped all threads.</summary>
    public required double GcPauseShare { get; init; }

    /// <summary>Null when the actor did not answer at either end.</summary>
    public required double? TurnsPerSecond { get; init; }

    public required double? TurnBytesPerSecond { get; init; }

    /// <summary>The share of the time for which the actor worked.</summary>
    public required double? ActorBusyShare { get; init; }

    /// <summary>The rates from one sample to a later one.</summary>
    public static Rates Between(Sample from, Sample to)
    {
        var seconds = Math.Max((to.At - from.At).TotalSeconds, 1e-3);
        var served = to.Http.Served - from.Http.Served;
        return new Rates
        {
            RequestsPerSecond = (to.Http.Requests - from.Http.Requests) / seconds,
            RefusalsPerSecond = (to.Http.ErrorsByCode.Sum() - from.Http.ErrorsByCode.Sum()) / seconds,
            RateLimitedPerSecond = (RateLimited(to) - RateLimited(from)) / seconds,
            ServedMicroseconds = served <= 0 ? null
                : (to.Http.ServedTime - from.Http.ServedTime).TotalMicroseconds / served,
            Cores = (to.Process.Cpu - from.Process.Cpu).TotalSeconds / seconds,
            GcPauseShare = Math.Min(1, (to.Process.GcPause - from.Process.GcPause).TotalSeconds / seconds),
            TurnsPerSecond = (to.Actor?.Table.Turns - from.Actor?.Table.Turns) / seconds,
            TurnBytesPerSecond = (to.Actor?.Table.TurnBytes - from.Actor?.Table.TurnBytes) / seconds,
            ActorBusyShare = (to.Actor?.Busy - from.Actor?.Busy)?.TotalSeconds is { } busy
                ? Math.Min(1, busy / seconds)
                : null,
        };
    }

    public static long RateLimited(Sample sample) => sample.Http.ErrorsByCode[(int)ErrorCode.RateLimited];
}
