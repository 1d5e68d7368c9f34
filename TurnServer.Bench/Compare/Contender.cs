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
/// <param name="games">Where the games are whose updates are sent: for a bare server another one.</param>
internal sealed class Contender(string name, MeasuredProcess server, SeatSetup games)
{
    public string Name => name;

    /// <summary>Whether each turn takes two players on one thread; else each thread plays one seat.</summary>
    public Func<DrivenSeat, DrivenSeat, Play>? PlayOfTwo { get; init; }

    public Func<DrivenSeat, Play>? PlayOfOne { get; init; }

    /// <summary>Whether this is this server, and not what it is compared with.</summary>
    public bool HasGames => server.Port == games.Port;

    /// <summary>Drives it once.</summary>
    /// <exception cref="CompareException">A reply was wrong, or a counter did not advance.</exception>
    public async Task<Measurement> MeasureAsync(CompareOptions options)
    {
        // New games each time: those of the last time have ended.
        var seats = await games.StartGamesAsync(PlayOfTwo is null ? options.Connections / 2 : options.Connections);
        var plays = Plays([.. seats.Select(seat => new DrivenSeat(server.Port, seat))]);
        try
        {
            var cpuBefore = server.CpuSeconds;
            var run = Driver.Run(plays, TimeSpan.FromSeconds(options.Seconds));
            var cpu = server.CpuSeconds - cpuBefore;
            if (HasGames)
                await CheckAsync(seats, [.. plays.SelectMany(play => play.Seats)]);
            return new Measurement(run.Turns / run.Seconds, cpu * 1e6 / run.Turns, server.PeakResidentMegabytes,
                run.CpuSeconds * 1e6 / run.Turns);
        }
        finally
        {
            plays.ForEach(play => play.Dispose());
            await games.QuitAsync(seats);
        }
    }

    private List<Play> Plays(DrivenSeat[] seats) => PlayOfTwo is { } playOfTwo
        ? [.. seats.Chunk(2).Select(pair => playOfTwo(pair[0], pair[1]))]
        : [.. seats.Select(PlayOfOne!)];

    private async Task CheckAsync(List<PlayedSeat> seats, List<DrivenSeat> driven)
    {
        for (var i = 0; i < seats.Count; i++)
            await games.CheckCounterAsync(seats[i], driven[i].LastCounter);
    }
}
