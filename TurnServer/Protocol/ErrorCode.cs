namespace TurnServer.Protocol;

/// <summary>
/// Why a request was refused: the first field of a reply (PROTOCOL.md, "Reply"). 6 and 8 were the old server's: they
/// are reserved and never sent.
/// </summary>
public enum ErrorCode : byte
{
    /// <summary>Not refused: the reply is <c>0/CODE/DATA</c>.</summary>
    None = 0,

    /// <summary>No usable Content-Length, or one together with Transfer-Encoding.</summary>
    BadContentLength = 1,

    /// <summary>The body is empty or not UTF-8.</summary>
    NoPostData = 2,

    /// <summary>The client's address is unknown.</summary>
    NoClientAddress = 3,

    /// <summary>Malformed; the detail is a <see cref="FormatFault"/>.</summary>
    PostDataFormat = 4,

    /// <summary>Unknown or expired pairing key.</summary>
    NotRegistered = 5,

    /// <summary>Invalid player name.</summary>
    RegisterFail = 7,

    /// <summary>The partner left before the game; the detail is 2, the symbol to go back to.</summary>
    PartnerDrop = 9,

    /// <summary>A symbol sent too early; the registration has ended.</summary>
    Dropped = 10,

    /// <summary>Too many registered players.</summary>
    PairingKeysMaxed = 11,

    /// <summary>Too many games; both players' registrations have ended.</summary>
    GameKeysMaxed = 12,

    /// <summary>Unknown or expired seat key.</summary>
    NoGame = 13,

    /// <summary>The player has left this seat, or the key belongs to the other seat.</summary>
    NoPlayerSelf = 14,

    /// <summary>The partner timed out, or quit (detail 5).</summary>
    NoPlayerPartner = 15,

    /// <summary>Invalid name of the wanted partner.</summary>
    BadPartnerName = 16,

    /// <summary>The wanted partner left before the game; this registration has ended too.</summary>
    KnownPartnerDrop = 17,

    /// <summary>The counter is lower than the last one accepted.</summary>
    PlayerStateBehind = 18,

    /// <summary>The counter is more than one higher than the last one accepted.</summary>
    PlayerStateAhead = 19,

    /// <summary>The body is longer than <see cref="ProtocolLimits.BodyBytesMax"/>.</summary>
    OverContentLength = 20,

    /// <summary>The partner's backlog is full; the update was not accepted.</summary>
    GameCacheMaxed = 21,

    /// <summary>Too many requests or registrations from this address.</summary>
    RateLimited = 22,

    /// <summary>Too many pending requests, or the disk is full; the request was not accepted.</summary>
    ServerBusy = 23,
}

/// <summary>Which field of a request is malformed: the detail of error 4 (PROTOCOL.md, "Reply").</summary>
public enum FormatFault : byte
{
    /// <summary>The symbol is not one of 0 to 6.</summary>
    Symbol = 0,

    /// <summary>The player is not <c>0</c> or <c>1</c>.</summary>
    Player = 1,

    /// <summary>
    /// The counter is not 0 to 2⁶³−1, or the token is not 1 to 64 visible ASCII characters other than <c>*</c>.
    /// </summary>
    Counter = 2,

    /// <summary>The key is not decimal digits, or not one that REGISTER takes.</summary>
    Key = 3,

    /// <summary>The number of fields is wrong for the symbol.</summary>
    FieldCount = 4,
}

/// <summary>Maps replies to HTTP statuses (PROTOCOL.md, "Reply").</summary>
public static class HttpStatus
{
    /// <summary>
    /// The status of a reply: 200, or 429 for RateLimited, 503 for ServerBusy and 400 for every other error.
    /// </summary>
    public static int Of(ErrorCode error) => error switch
    {
        ErrorCode.None => 200,
        ErrorCode.RateLimited => 429,
        ErrorCode.ServerBusy => 503,
        _ => 400,
    };
}
