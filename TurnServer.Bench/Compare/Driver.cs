using System.Diagnostics;

namespace TurnServer.Bench.Compare;

/// <summary>What one run of the driver did.</summary>
/// <param name="Turns">Turns played, each answered rightly.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="CpuSeconds">The driver's own CPU time.</param>
internal readonly record struct DriverRun(long Turns, double Seconds, double CpuSeconds);

/// <summary>The client: a thread for each play, so that as many requests are on their way as there are plays.</summary>
internal static class Driver
{
    /// <summary>Plays for this long.</summary>
    /// <exception cref="BenchException">A reply was wrong or did not come.</exception>
    public static DriverRun Run(IReadOnlyList<Play> plays, TimeSpan length)
    {
        using var stop = new CancellationTokenSource();
        foreach (var play in plays)
            play.Begin();
        var turns = new long[plays.Count];
        var faults = new BenchException?[plays.Count];
        var cpuBefore = Environment.CpuUsage.TotalTime;
        var startedAt = Stopwatch.GetTimestamp();
        var threads = plays.Select((_, i) => new Thread(() => PlayOne(i))).ToList();
        threads.ForEach(thread => thread.Start());
        stop.Token.WaitHandle.WaitOne(length);
        stop.Cancel();
        threads.ForEach(thread => thread.Join());
        return faults.FirstOrDefault(fault => fault is not null) is { } first
            ? throw first
            : new DriverRun(turns.Sum(), Stopwatch.GetElapsedTime(startedAt).TotalSeconds,
                (Environment.CpuUsage.TotalTime - cpuBefore).TotalSeconds);

        void PlayOne(int number)
        {
            // Counted here: neighbours in the array share a cache line.
            var count = 0L;
            try
            {
                for (; !stop.IsCancellationRequested; count++)
                    plays[number].PlayTurn();
            }
            catch (BenchException e)
            {
                faults[number] = e;
                stop.Cancel();
            }

            turns[number] = count;
        }
    }
}
