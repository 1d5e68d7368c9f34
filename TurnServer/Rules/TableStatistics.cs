namespace TurnServer.Rules;

/// <summary>
/// How much of everything there is at one moment, and has been since the start. Taken in constant time.
/// </summary>
public sealed record TableStatistics
{
    /// <summary>Live registrations by <see cref="PlayerStatus"/>.</summary>
    public required IReadOnlyList<int> PlayersByStatus { get; init; }

    /// <summary>Games under way, those that one player has left included.</summary>
    public required int Games { get; init; }

    /// <summary>The bytes of turns on their way to their receivers, or not yet acknowledged by them.</summary>
    public required long BacklogBytes { get; init; }

    /// <summary>Registrations since the start; a repeated one with its token counts once.</summary>
    public required long Registrations { get; init; }

    /// <summary>Games since the start.</summary>
    public required long GamesStarted { get; init; }

    /// <summary>Turns taken for a partner since the start. Repeated requests and empty turns do not count.</summary>
    public required long Turns { get; init; }

    /// <summary>The bytes of those turns.</summary>
    public required long TurnBytes { get; init; }

    /// <summary>Registrations and seats ended unasked since the start, by <see cref="DropCause"/>.</summary>
    public required IReadOnlyList<long> DropsByCause { get; init; }

    /// <summary>All live registrations.</summary>
    public int Players => PlayersByStatus.Sum();

    internal static TableStatistics Of(TableCounters counters, int games) => new()
    {
        PlayersByStatus = [.. counters.Players],
        Games = games,
        BacklogBytes = counters.BacklogBytes,
        Registrations = counters.Registrations,
        GamesStarted = counters.Games,
        Turns = counters.Turns,
        TurnBytes = counters.TurnBytes,
        DropsByCause = [.. counters.Drops],
    };
}
