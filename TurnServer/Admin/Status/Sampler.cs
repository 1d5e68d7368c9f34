using TurnServer.Actor;

namespace TurnServer.Admin.Status;

/// <summary>Takes a sample each second.</summary>
/// <param name="probe">Asks the actor for its counts.</param>
/// <param name="countHttp">The HTTP side's counts.</param>
/// <param name="countDescriptors">Counts the open file descriptors.</param>
/// <param name="clock">What the seconds are by.</param>
internal sealed class Sampler(ActorProbe probe, Func<HttpCounts> countHttp, Func<int> countDescriptors,
    TimeProvider clock)
{
    // Counting 50 000 descriptors takes some 25 ms.
    private static readonly TimeSpan DescriptorInterval = TimeSpan.FromSeconds(10);

    private readonly long _startedAt = clock.GetTimestamp();
    private int _descriptors;
    private TimeSpan _descriptorsAt = TimeSpan.MinValue;

    /// <summary>What has been read.</summary>
    public History History { get; } = new();

    /// <summary>Reads, at once and then each second, until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(History.FineInterval, clock);
        try
        {
            do
            {
                History.Add(await ReadAsync());
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private async Task<Sample> ReadAsync()
    {
        var actor = await probe.CountAsync();
        var at = clock.GetElapsedTime(_startedAt);
        if (at - DescriptorInterval >= _descriptorsAt)
        {
            _descriptors = countDescriptors();
            _descriptorsAt = at;
        }

        return new Sample
        {
            At = at,
            Http = countHttp(),
            Process = ProcessStatistics.Take(_descriptors),
            Actor = actor,
        };
    }
}
