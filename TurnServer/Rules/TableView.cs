namespace TurnServer.Rules;

/// <summary>Both registries at one moment, copied, for people to read.</summary>
public sealed record TableView
{
    /// <summary>How many registrations are live, listed or not.</summary>
    public required int PlayerCount { get; init; }

    /// <summary>How many games are under way, listed or not.</summary>
    public required int GameCount { get; init; }

    /// <summary>Registrations, at most as many as were asked for.</summary>
    public required IReadOnlyList<PlayerView> Players { get; init; }

    /// <summary>Games, at most as many as were asked for.</summary>
    public required IReadOnlyList<GameView> Games { get; init; }
}

/// <summary>One registration as people see it.</summary>
/// <param name="Key">The pairing key, whole: abbreviate it before showing it.</param>
/// <param name="Name">The player's name, as registered: it may hold anything but control characters.</param>
/// <param name="Address">The address it registered from.</param>
/// <param name="Status">How far it has come.</param>
/// <param name="IsHost">Whether it hosts; null while it has no partner.</param>
/// <param name="Partner">The partner's name, or the name of the one it waits for; null when anybody will do.</param>
/// <param name="Age">The time since it registered.</param>
/// <param name="TimeLeft">The time until it is dropped if nothing more is heard; null while a reply is held or it
/// plays.</param>
public sealed record PlayerView(ulong Key, string Name, string Address, PlayerStatus Status, bool? IsHost,
    string? Partner, TimeSpan Age, TimeSpan? TimeLeft)
{
    internal static PlayerView Of(Player player, TimeSpan now) => new(player.Key, player.Name, player.From.ToString(),
        player.Status, player.HasPartner ? player.IsHost : null,
        player.HasPartner ? player.PartnerName : player.Wanted, now - player.RegisteredAt,
        player.IsHeld || player.Status == PlayerStatus.Playing ? null : player.Deadline - now);
}

/// <summary>One game as people see it.</summary>
/// <param name="Age">The time since it started.</param>
/// <param name="Seat0">The seat of who was ready last.</param>
/// <param name="Seat1">The other seat.</param>
public sealed record GameView(TimeSpan Age, SeatView Seat0, SeatView Seat1)
{
    internal static GameView Of(Game game, TimeSpan now) =>
        new(now - game.StartedAt, SeatView.Of(game[0], now), SeatView.Of(game[1], now));
}

/// <summary>One seat as people see it.</summary>
/// <param name="Key">The seat key, whole: abbreviate it before showing it.</param>
/// <param name="Name">The player's name.</param>
/// <param name="Address">The address it registered from.</param>
/// <param name="Counter">The last counter taken; −1 before the first.</param>
/// <param name="BacklogBytes">The bytes of turns on their way to it.</param>
/// <param name="Left">How it was left; null while it is not.</param>
/// <param name="TimeLeft">The time until it is dropped if nothing more is heard; null while a reply is held or it is
/// left.</param>
public sealed record SeatView(ulong Key, string Name, string Address, long Counter, int BacklogBytes, string? Left,
    TimeSpan? TimeLeft)
{
    internal static SeatView Of(Seat seat, TimeSpan now) => new(seat.Key, seat.Name, seat.From.ToString(),
        seat.LastCounter, seat.Backlog.Length,
        seat.Left switch { null => null, Departure.Quit => "quit", _ => "fell silent" },
        seat.IsHeld || seat.Left is not null ? null : seat.Deadline - now);
}
