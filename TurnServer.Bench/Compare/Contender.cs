using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Compare;

/// <summary>What was measured in one run.</summary>
/// <param name="PerSecond">Requests a second, or turns.</param>
/// <param name="CpuMicroseconds">The server's CPU time for each.</param>
/// <param name="PeakMegabytes">The most memory that the server has had resident since its start.</param>
/// <param name="DriverMicroseconds">The driver's own CPU time for each.</param>
internal readonly record struct Measurement(double PerSecond, double CpuMicroseconds, double PeakMegabytes,
    double DriverMicroseconds);

/// <summary>One row of the comparison: a server and how it is driven.</summary>
/// <param name="name">What the row is called.</param>
/// <param name="server">The server measured.</param>
/// <param name="games">Where the games are whose updates are sent; for a bare server on another one.</param>
/// <param name="seatsPerPlay">1, or 2 when one thread plays both seats of a game.</param>
/// <param name="play">What is done with so many seats.</param>
internal sealed class Contender(string name, MeasuredServer server, SeatSetup games, int seatsPerPlay,
    Func<DrivenSeat[], Play> play)
{
    public string Name => name;

    /// <summary>Drives it once.</summary>
    /// <exception cref="BenchException">A reply was wrong, or a counter did not advance.</exception>
    public async Task<Measurement> MeasureAsync(CompareOptions options)
    {
        // New games each time: those of the last time have ended.
        var seats = await games.StartGamesAsync(options.Connections * seatsPerPlay / 2);
        var driven = seats.Select(seat => new DrivenSeat(server.Port, seat)).ToList();
        var plays = driven.Chunk(seatsPerPlay).Select(play).ToList();
        try
        {
            var before = server.Usage;
            var run = Driver.Run(plays, options.RunLength);
            var after = server.Usage;
            if (server.Port == games.Port)
                await CheckAsync(seats, driven);
            await games.QuitAsync(seats);
            return new Measurement(run.Turns / run.Seconds, (after.CpuSeconds - before.CpuSeconds) * 1e6 / run.Turns,
                after.PeakMegabytes, run.CpuSeconds * 1e6 / run.Turns);
        }
        finally
        {
            driven.ForEach(seat => seat.Dispose());
        }
    }

    private async Task CheckAsync(List<PlayedSeat> seats, List<DrivenSeat> driven)
    {
        for (var i = 0; i < seats.Count; i++)
            await games.CheckCounterAsync(seats[i], driven[i].LastCounter);
    }
}
