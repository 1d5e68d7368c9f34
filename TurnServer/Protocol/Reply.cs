namespace TurnServer.Protocol;

/// <summary>
/// What the server says to one request, as plain data: either a <see cref="ReplyCode"/> with what belongs to it, or an
/// <see cref="ErrorCode"/> with its detail. <see cref="ReplyWriter"/> makes the wire's bytes of it.
/// </summary>
public readonly record struct Reply
{
    // The detail is kept plus one, so that default means "*".
    private readonly byte _detailPlusOne;

    private Reply(ErrorCode error, ReplyCode code, byte detailPlusOne = 0)
    {
        Error = error;
        Code = code;
        _detailPlusOne = detailPlusOne;
    }

    /// <summary>Why the request was refused; <see cref="ErrorCode.None"/> when it was not.</summary>
    public ErrorCode Error { get; }

    /// <summary>What a successful reply says; without meaning when <see cref="Error"/> is set.</summary>
    public ReplyCode Code { get; }

    /// <summary>The second field of an error; null is written <c>*</c>.</summary>
    public byte? Detail => _detailPlusOne == 0 ? null : (byte)(_detailPlusOne - 1);

    /// <summary>The key of a RegisterOk (pairing key) or StartPlay (seat key).</summary>
    public ulong Key { get; private init; }

    /// <summary>The seat's number, 0 or 1, of a StartPlay.</summary>
    public byte Seat { get; private init; }

    /// <summary>The partner's name, of a StartServer or StartClient.</summary>
    public string? Name { get; private init; }

    /// <summary>
    /// The turns of a GameData or GameRedundant, joined by <c>|</c>. They may lie in a buffer of the rules that the
    /// next request overwrites: write the reply before that.
    /// </summary>
    public ReadOnlyMemory<byte> Turns { get; private init; }

    /// <summary>A reply that is its code alone.</summary>
    public static Reply Ok(ReplyCode code) => new(ErrorCode.None, code);

    /// <summary>A refusal; a detail of null is written <c>*</c>.</summary>
    public static Reply Refuse(ErrorCode error, byte? detail = null) =>
        new(error, default, detail is { } value ? (byte)(value + 1) : (byte)0);

    /// <summary>The reply to a registration: its pairing key.</summary>
    public static Reply Registered(ulong pairingKey) => Ok(ReplyCode.RegisterOk) with { Key = pairingKey };

    /// <summary>The reply to a paired player: who hosts, and the partner's name.</summary>
    public static Reply Paired(bool isHost, string partnerName) =>
        Ok(isHost ? ReplyCode.StartServer : ReplyCode.StartClient) with { Name = partnerName };

    /// <summary>The reply to a player whose game has started: its seat's key and number.</summary>
    public static Reply Playing(ulong seatKey, byte seat) =>
        Ok(ReplyCode.StartPlay) with { Key = seatKey, Seat = seat };

    /// <summary>The partner's turns: GameData for a new counter, GameRedundant for one taken before.</summary>
    public static Reply WithTurns(ReplyCode code, ReadOnlyMemory<byte> turns) => Ok(code) with { Turns = turns };
}
