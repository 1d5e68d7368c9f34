namespace TurnServer.Rules;

/// <summary>A copy of the players and games at one moment, for display.</summary>
public sealed record TableView
{
    /// <summary>The number of live registrations, listed or not.</summary>
    public required int PlayerCount { get; init; }

    /// <summary>The number of running games, listed or not.</summary>
    public required int GameCount { get; init; }

    /// <summary>The first registrations.</summary>
    public required IReadOnlyList<PlayerView> Players { get; init; }

    /// <summary>The first games.</summary>
    public required IReadOnlyList<GameView> Games { get; init; }

    /// <summary>All parts of a table together.</summary>
    /// <param name="parts">The parts.</param>
    /// <param name="rowsMax">The most rows of players and of games.</param>
    internal static TableView Join(IReadOnlyList<TableView> parts, int rowsMax) => new()
    {
        PlayerCount = parts.Sum(part => part.PlayerCount),
        GameCount = parts.Sum(part => part.GameCount),
        Players = [.. parts.SelectMany(part => part.Players).Take(rowsMax)],
        Games = [.. parts.SelectMany(part => part.Games).Take(rowsMax)],
    };
}

/// <summary>One registration, for display.</summary>
/// <param name="Key">The whole pairing key, a secret: abbreviate it before showing it.</param>
/// <param name="Name">The player's name; anything but control characters.</param>
/// <param name="Address">The address it registered from.</param>
/// <param name="Status">Its status.</param>
/// <param name="IsHost">Whether it hosts; null without a partner.</param>
/// <param name="Partner">The name of the partner, or of the partner wanted; null if it accepts anyone.</param>
/// <param name="Pool">The pool it is paired in; null if it named none.</param>
/// <param name="Age">The time since it registered.</param>
/// <param name="TimeLeft">The time until it times out; null while a reply is held, and once it plays.</param>
public sealed record PlayerView(ulong Key, string Name, string Address, PlayerStatus Status, bool? IsHost,
    string? Partner, string? Pool, TimeSpan Age, TimeSpan? TimeLeft)
{
    internal static PlayerView Of(Player player, TimeSpan now) => new(player.Key, player.Name, player.From.ToString(),
        player.Status, player.HasPartner ? player.IsHost : null,
        player.HasPartner ? player.PartnerName : player.Wanted, player.Pool, now - player.RegisteredAt,
        player.IsHeld || player.Status == PlayerStatus.Playing ? null : player.Deadline - now);
}

/// <summary>One game, for display.</summary>
/// <param name="Pool">The pool its players were paired in; null if they named none.</param>
/// <param name="Age">The time since it started.</param>
/// <param name="Seat0">The seat of the player who was ready last.</param>
/// <param name="Seat1">The other seat.</param>
public sealed record GameView(string? Pool, TimeSpan Age, SeatView Seat0, SeatView Seat1)
{
    internal static GameView Of(Game game, TimeSpan now) =>
        new(game.Pool, now - game.StartedAt, SeatView.Of(game[0], now), SeatView.Of(game[1], now));
}

/// <summary>One seat, for display.</summary>
/// <param name="Key">The whole seat key, a secret: abbreviate it before showing it.</param>
/// <param name="Name">The player's name.</param>
/// <param name="Address">The address it registered from.</param>
/// <param name="Counter">The last counter accepted; −1 before the first.</param>
/// <param name="BacklogBytes">The bytes of turns waiting for it or unacknowledged.</param>
/// <param name="Left">Why it was left; null while it is not.</param>
/// <param name="TimeLeft">The time until it times out; null while a reply is held, and once it is left.</param>
public sealed record SeatView(ulong Key, string Name, string Address, long Counter, int BacklogBytes, string? Left,
    TimeSpan? TimeLeft)
{
    internal static SeatView Of(Seat seat, TimeSpan now) => new(seat.Key, seat.Name, seat.From.ToString(),
        seat.LastCounter, seat.Backlog.Length,
        seat.Left switch { null => null, Departure.Quit => "quit", _ => "fell silent" },
        seat.IsHeld || seat.Left is not null ? null : seat.Deadline - now);
}
