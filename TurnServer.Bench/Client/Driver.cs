using System.Diagnostics;

namespace TurnServer.Bench.Client;

/// <summary>One run of the driver.</summary>
/// <param name="Turns">Turns played, each with the right reply.</param>
/// <param name="Seconds">Elapsed time.</param>
/// <param name="CpuSeconds">The driver's own CPU time.</param>
internal readonly record struct DriverRun(long Turns, double Seconds, double CpuSeconds);

/// <summary>Plays with one thread per play, so there are as many concurrent requests as plays.</summary>
internal static class Driver
{
    /// <summary>Plays for this long.</summary>
    /// <exception cref="BenchException">A reply was wrong or did not arrive.</exception>
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
            // A local: neighbours in the array share a cache line.
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
