using Microsoft.Extensions.Logging;

namespace TurnServer.Cluster.Etcd;

/// <summary>
/// Asks the servers of etcd for their state from time to time, so that whoever shows it never waits for them. Warns
/// when their space runs out, when their history cannot be compacted, and when they are not one cluster.
/// </summary>
/// <param name="read">Asks them once.</param>
/// <param name="clock">Measures the pauses.</param>
/// <param name="log">For the operator.</param>
internal sealed class EtcdMonitor(Func<CancellationToken, Task<EtcdStatus>> read, TimeProvider clock, ILogger log)
{
    /// <summary>The pause between two questions.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private volatile Answer? _latest;
    private string? _reportedCompaction;

    /// <summary>The latest answers; null before the first. Any thread.</summary>
    public EtcdReading? Latest =>
        _latest is { } latest ? new EtcdReading(latest.Status, clock.GetElapsedTime(latest.At)) : null;

    /// <summary>Asks at once and then again and again, until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            do
            {
                _latest = new Answer(Report(await read(stop), _latest?.Status), clock.GetTimestamp());
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The server is stopping.
        }
    }

    private EtcdStatus Report(EtcdStatus status, EtcdStatus? before)
    {
        if (status.IsNearlyFull && before is not { IsNearlyFull: true })
            Log.EtcdNearlyFull(log, status.DatabaseBytes, status.AlarmBytes);
        if (status.CompactionError is { } error && error != _reportedCompaction)
            Log.EtcdNotCompacted(log, _reportedCompaction = error);
        var splitBefore = before?.Agreement.Split;
        if (status.Agreement.Split is { } split && splitBefore is null)
            Log.EtcdSplit(log, split);
        // Until it is certain that it was mended: one of the two may not answer.
        return status.Agreement.IsKnown || splitBefore is null
            ? status
            : status with { Agreement = before!.Agreement };
    }

    private sealed record Answer(EtcdStatus Status, long At);
}

/// <summary>What the servers of etcd have answered.</summary>
/// <param name="Status">Their answers.</param>
/// <param name="Age">How long ago.</param>
internal sealed record EtcdReading(EtcdStatus Status, TimeSpan Age);
