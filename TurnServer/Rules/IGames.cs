using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>
/// The games as the lobby sees them: <see cref="Games"/> in the same table, or <see cref="Shards.RemoteGames"/>, whose
/// answers come later.
/// </summary>
internal interface IGames
{
    /// <summary>How many games run.</summary>
    int Count { get; }

    /// <summary>
    /// Starts a game: seat 0 is for the player who was ready last. Null: the seats come later, by
    /// <see cref="Lobby.TakeSeats"/>.
    /// </summary>
    /// <param name="start">The players.</param>
    /// <param name="ticket">The request that starts it.</param>
    /// <param name="now">The time.</param>
    SeatPair? Start(in GameStart start, Ticket ticket, TimeSpan now);

    /// <summary>
    /// Notes a request by the pairing key of a player whose game has started: until the first symbol 5 or 6 it counts
    /// for the seat. False: it is answered later, by <see cref="Lobby.AnswerPlaying"/>.
    /// </summary>
    bool TryHear(Player player, Symbol symbol, Ticket ticket, TimeSpan now);

    /// <summary>
    /// The same for symbol 1, which leaves the seat.
    /// </summary>
    bool TryLeave(Player player, Ticket ticket, TimeSpan now);
}

/// <summary>The lobby as the games see it: in the same table, or in another shard.</summary>
internal interface ILobby
{
    /// <summary>Ends the registration of a player whose seat is used or left.</summary>
    /// <returns>
    /// The number of the message that says so: no reply to the seat may leave before the lobby has it. 0: it has.
    /// </returns>
    long Retire(ulong pairingKey);

    /// <summary>Notes the end of a game.</summary>
    void EndGame();
}

/// <summary>
/// A player about to get a seat. Its key is not drawn again before the games have ended the registration, so that it
/// identifies the player.
/// </summary>
internal readonly record struct SeatTaker(ulong PairingKey, string Name, ClientAddress From)
{
    public static SeatTaker Of(Player player) => new(player.Key, player.Name, player.From);
}

/// <summary>What a game starts with.</summary>
/// <param name="First">The player who was ready last.</param>
/// <param name="Second">The other one.</param>
/// <param name="Pool">The pool in which they were paired; null if they named none.</param>
internal readonly record struct GameStart(SeatTaker First, SeatTaker Second, string? Pool);

/// <summary>The keys of a new game's seats 0 and 1.</summary>
internal readonly record struct SeatPair(ulong First, ulong Second);

/// <summary>A seat, as its player is told.</summary>
internal readonly record struct SeatId(ulong Key, byte Number);
