namespace TurnServer.Admin.Status;

/// <summary>Samples the server's statistics each second into <see cref="History"/>.</summary>
/// <param name="source">Where the samples come from.</param>
/// <param name="countDescriptors">Counts the open file descriptors.</param>
/// <param name="clock">Measures the seconds.</param>
internal sealed class Sampler(SampleSource source, Func<int> countDescriptors, TimeProvider clock)
{
    // Not each second: counting 50 000 descriptors takes about 25 ms.
    private static readonly TimeSpan DescriptorInterval = TimeSpan.FromSeconds(10);

    private int _descriptors;
    private long? _descriptorsAt;

    public History History { get; } = new();

    /// <summary>Takes a sample at once and then each second, until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(History.FineInterval, clock);
        try
        {
            do
            {
                History.Add(await source.TakeAsync(ReadDescriptorCount));
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException)
        {
            // The server is stopping.
        }
    }

    private int ReadDescriptorCount()
    {
        var now = clock.GetTimestamp();
        if (_descriptorsAt is { } countedAt && clock.GetElapsedTime(countedAt, now) < DescriptorInterval)
            return _descriptors;
        _descriptorsAt = now;
        return _descriptors = countDescriptors();
    }
}
