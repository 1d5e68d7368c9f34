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
    /// <summary>
    /// Starts new games, as those of an earlier run have ended, plays them for this long, checks that the server has
    /// every update, and quits them.
    /// </summary>
    /// <param name="games">Starts and ends the games.</param>
    /// <param name="ports">
    /// The servers to play on, one player here and the next one there: that of the games, others of its cluster too, or
    /// a bare one, which has none to check.
    /// </param>
    /// <param name="count">How many games.</param>
    /// <param name="seatsPerPlay">1, or 2 when one thread plays both seats of a game.</param>
    /// <param name="play">What a thread does with its seats.</param>
    /// <param name="length">How long.</param>
    /// <param name="measure">What to measure right before and right after.</param>
    /// <exception cref="BenchException">A reply was wrong, or a counter did not advance.</exception>
    public static (DriverRun Run, T Before, T After) Run<T>(GameSetup games, IReadOnlyList<int> ports, int count,
        int seatsPerPlay, Func<DrivenSeat[], Play> play, TimeSpan length, Func<T> measure)
    {
        var seats = games.Start(count);
        var driven = seats.Select((seat, i) => new DrivenSeat(ports[i % ports.Count], seat)).ToList();
        try
        {
            var plays = driven.Chunk(seatsPerPlay).Select(play).ToList();
            var before = measure();
            var run = Run(plays, length);
            var after = measure();
            if (ports.Contains(games.Port))
                games.CheckCounters(seats.Zip(driven.Select(seat => seat.LastCounter)));
            games.Quit(seats);
            return (run, before, after);
        }
        finally
        {
            driven.ForEach(seat => seat.Dispose());
        }
    }

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
