using TurnServer.Protocol;

namespace TurnServer.Rules.Shards;

/// <summary>The kind of a message between shards. The numbers are part of the log's format: never reuse one.</summary>
internal enum ShardMessageKind : byte
{
    /// <summary>From the lobby: start a game. Answered by <see cref="Seats"/>.</summary>
    Start = 1,

    /// <summary>
    /// From the lobby: a player whose game has started has sent a request with its pairing key. Answered by
    /// <see cref="Heard"/>.
    /// </summary>
    Hear = 2,

    /// <summary>
    /// From the lobby: a player leaves its seat with its pairing key. Answered by <see cref="Heard"/>.
    /// </summary>
    Leave = 3,

    /// <summary>From the games: the keys of a new game's seats.</summary>
    Seats = 4,

    /// <summary>From the games: whether the registration was valid.</summary>
    Heard = 5,

    /// <summary>From the games: a registration has ended, because the seat is used or left.</summary>
    Retire = 6,

    /// <summary>From the games: a game has ended.</summary>
    Ended = 7,
}

/// <summary>Writes and reads the fields of messages between shards.</summary>
internal static class ShardMessage
{
    public static byte[] Start(in GameStart start)
    {
        var to = Begin(ShardMessageKind.Start);
        Write(to, start.First);
        Write(to, start.Second);
        to.TextOrNull(start.Pool);
        return to.Written.ToArray();
    }

    public static GameStart ReadStart(ref FieldReader from) =>
        new(ReadSeatTaker(ref from), ReadSeatTaker(ref from), from.TextOrNull());

    /// <summary><see cref="ShardMessageKind.Hear"/>, <c>Leave</c> or <c>Retire</c>.</summary>
    public static byte[] About(ShardMessageKind kind, ulong pairingKey)
    {
        var to = Begin(kind);
        to.Number(pairingKey);
        return to.Written.ToArray();
    }

    /// <param name="question">The number of the message that started the game.</param>
    /// <param name="first">The pairing key of who gets the first one.</param>
    /// <param name="second">That of who gets the second one.</param>
    /// <param name="seats">The keys.</param>
    public static byte[] Seats(long question, ulong first, ulong second, in SeatPair seats)
    {
        var to = Begin(ShardMessageKind.Seats);
        to.Number(question);
        to.Number(first);
        to.Number(second);
        to.Number(seats.First);
        to.Number(seats.Second);
        return to.Written.ToArray();
    }

    /// <param name="question">The number of the message that it answers.</param>
    /// <param name="isValid">Whether the registration was valid.</param>
    public static byte[] Heard(long question, bool isValid)
    {
        var to = Begin(ShardMessageKind.Heard);
        to.Number(question);
        to.Flag(isValid);
        return to.Written.ToArray();
    }

    public static byte[] Ended() => Begin(ShardMessageKind.Ended).Written.ToArray();

    private static FieldWriter Begin(ShardMessageKind kind)
    {
        var to = new FieldWriter();
        to.Byte((byte)kind);
        return to;
    }

    private static void Write(FieldWriter to, in SeatTaker player)
    {
        to.Number(player.PairingKey);
        to.Text(player.Name);
        to.Address(player.From);
    }

    private static SeatTaker ReadSeatTaker(ref FieldReader from) =>
        new(from.Number(), from.Text(), from.Address());
}
