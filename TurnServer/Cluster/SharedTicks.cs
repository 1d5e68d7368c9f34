namespace TurnServer.Cluster;

/// <summary>
/// The moments at which everything of a server that is done about once a second, for each of dozens of shards, is done
/// for all of them: so an idle server wakes up once for all, and what they ask the store can be one request.
/// </summary>
internal static class SharedTicks
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Waits for the next one that is not too near: between 0.5 and 1.5 s, and 1 s in a loop.</summary>
    public static Task WaitAsync(TimeProvider clock, CancellationToken stop) =>
        Task.Delay(UntilNext(Interval, clock), clock, stop);

    /// <summary>The time until the next multiple of the interval that is at least half of it away.</summary>
    public static TimeSpan UntilNext(TimeSpan interval, TimeProvider clock)
    {
        var rest = interval - TimeSpan.FromTicks(clock.GetElapsedTime(0).Ticks % interval.Ticks);
        return rest < interval / 2 ? rest + interval : rest;
    }
}
