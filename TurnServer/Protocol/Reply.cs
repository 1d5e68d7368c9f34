namespace TurnServer.Protocol;

/// <summary>
/// The reply to one request: a <see cref="ReplyCode"/> with its data, or an <see cref="ErrorCode"/> with its detail.
/// <see cref="ReplyWriter"/> serializes it.
/// </summary>
public readonly record struct Reply
{
    // Stored plus one, so that default means "*".
    private readonly byte _detailPlusOne;

    // Likewise: default means no Partner-Silent header.
    private readonly int _silentSecondsPlusOne;

    private Reply(ErrorCode error, ReplyCode code, byte detailPlusOne = 0)
    {
        Error = error;
        Code = code;
        _detailPlusOne = detailPlusOne;
    }

    /// <summary>Why the request was refused; <see cref="ErrorCode.None"/> if it was not.</summary>
    public ErrorCode Error { get; }

    /// <summary>The code of a successful reply; meaningless if <see cref="Error"/> is set.</summary>
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
    /// The turns of a GameData or GameRedundant, joined by <c>|</c>. They refer to a buffer of the rules that the next
    /// request overwrites: serialize the reply before that.
    /// </summary>
    public ReadOnlyMemory<byte> Turns { get; private init; }

    /// <summary>With a wrong counter, the last one that the seat has taken, −1 if none; else null.</summary>
    public long? TurnCounter => Error is ErrorCode.PlayerStateBehind or ErrorCode.PlayerStateAhead ? (long)Key : null;

    /// <summary>
    /// How many turns the seat has sent and acknowledged: sent with a repeated or a wrong counter, unless the server
    /// does not know; null with other replies.
    /// </summary>
    public TurnTotals? Totals { get; init; }

    /// <summary>
    /// How long the partner has been silent, in whole seconds: sent with replies to updates; null with other replies.
    /// </summary>
    public int? PartnerSilentSeconds
    {
        get => _silentSecondsPlusOne == 0 ? null : _silentSecondsPlusOne - 1;
        init => _silentSecondsPlusOne = value + 1 ?? 0;
    }

    /// <summary>A reply without data.</summary>
    public static Reply Ok(ReplyCode code) => new(ErrorCode.None, code);

    /// <summary>A refusal; a detail of null is written <c>*</c>.</summary>
    public static Reply Refuse(ErrorCode error, byte? detail = null) =>
        new(error, default, detail is { } value ? (byte)(value + 1) : (byte)0);

    /// <summary>Refuses an update whose counter is neither the seat's last one nor the next.</summary>
    public static Reply RefuseCounter(long counter, long lastCounter) =>
        Refuse(counter < lastCounter ? ErrorCode.PlayerStateBehind : ErrorCode.PlayerStateAhead) with
        {
            Key = (ulong)lastCounter,
        };

    /// <summary>The reply to a registration: its pairing key.</summary>
    public static Reply Registered(ulong pairingKey) => Ok(ReplyCode.RegisterOk) with { Key = pairingKey };

    /// <summary>The reply to a paired player: who hosts, and the partner's name.</summary>
    public static Reply Paired(bool isHost, string partnerName) =>
        Ok(isHost ? ReplyCode.StartServer : ReplyCode.StartClient) with { Name = partnerName };

    /// <summary>The reply to a player whose game has started: its seat's key and number.</summary>
    public static Reply Playing(ulong seatKey, byte seat) =>
        Ok(ReplyCode.StartPlay) with { Key = seatKey, Seat = seat };

    /// <summary>The partner's turns: GameData for a new counter, GameRedundant for a repeated one.</summary>
    public static Reply WithTurns(ReplyCode code, ReadOnlyMemory<byte> turns) => Ok(code) with { Turns = turns };
}
