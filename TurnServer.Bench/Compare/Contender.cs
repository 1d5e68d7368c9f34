using TurnServer.Bench.Client;
using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Compare;

/// <summary>Results of one run.</summary>
/// <param name="PerSecond">Requests or turns a second.</param>
/// <param name="CpuMicroseconds">The server's CPU time for each.</param>
/// <param name="PeakMegabytes">The server's peak RSS since its start.</param>
/// <param name="DriverMicroseconds">The driver's own CPU time for each.</param>
internal readonly record struct Measurement(double PerSecond, double CpuMicroseconds, double PeakMegabytes,
    double DriverMicroseconds);

/// <summary>One row of the comparison: a server and how it is driven.</summary>
/// <param name="name">The row's name.</param>
/// <param name="server">The server to measure.</param>
/// <param name="games">Starts the games; for a bare server, which has none, on another server.</param>
/// <param name="seatsPerPlay">1, or 2 when one thread plays both seats of a game.</param>
/// <param name="play">What a thread does with its seats.</param>
internal sealed class Contender(string name, MeasuredServer server, GameSetup games, int seatsPerPlay,
    Func<DrivenSeat[], Play> play)
{
    public string Name => name;

    /// <summary>Drives it once.</summary>
    /// <exception cref="BenchException">A reply was wrong, or a counter did not advance.</exception>
    public Measurement Measure(CompareOptions options)
    {
        var (run, before, after) = Driver.Run(games, [server.Port], options.Connections * seatsPerPlay / 2,
            seatsPerPlay, play, options.RunLength, () => server.Usage);
        return new Measurement(run.Turns / run.Seconds, (after.CpuSeconds - before.CpuSeconds) * 1e6 / run.Turns,
            after.PeakMegabytes, run.CpuSeconds * 1e6 / run.Turns);
    }
}
