namespace TurnServer.Protocol;

/// <summary>
/// Why a request was refused: the first field of a reply (PROTOCOL.md, "Reply"). 6 and 8 are the old server's, reserved
/// and never sent.
/// </summary>
public enum ErrorCode : byte
{
    /// <summary>Not refused: the reply is <c>0/CODE/DATA</c>.</summary>
    None = 0,

    /// <summary>No usable Content-Length, or one together with Transfer-Encoding.</summary>
    BadContentLength = 1,

    /// <summary>The body is empty or not UTF-8.</summary>
    NoPostData = 2,

    /// <summary>The peer's address is not known.</summary>
    NoClientAddress = 3,

    /// <summary>Malformed; the detail is a <see cref="FormatFault"/>.</summary>
    PostDataFormat = 4,

    /// <summary>No such pairing key, or not any more.</summary>
    NotRegistered = 5,

    /// <summary>The player's name cannot be.</summary>
    RegisterFail = 7,

    /// <summary>The partner left before the game; the detail is the symbol to go back to, 2.</summary>
    PartnerDrop = 9,

    /// <summary>Out of step; the registration is gone.</summary>
    Dropped = 10,

    /// <summary>Too many registered players.</summary>
    PairingKeysMaxed = 11,

    /// <summary>Too many games; both players' registrations are gone.</summary>
    GameKeysMaxed = 12,

    /// <summary>No such seat key, or not any more.</summary>
    NoGame = 13,

    /// <summary>This seat has left, or the key is not the key of that seat.</summary>
    NoPlayerSelf = 14,

    /// <summary>The partner fell silent and was dropped, or quit (detail 5).</summary>
    NoPlayerPartner = 15,

    /// <summary>The wanted partner's name cannot be.</summary>
    BadPartnerName = 16,

    /// <summary>The named partner left before the game; this registration is gone too.</summary>
    KnownPartnerDrop = 17,

    /// <summary>The counter is lower than the last one taken.</summary>
    PlayerStateBehind = 18,

    /// <summary>The counter is more than one higher than the last one taken.</summary>
    PlayerStateAhead = 19,

    /// <summary>The body is longer than <see cref="ProtocolLimits.BodyBytesMax"/>.</summary>
    OverContentLength = 20,

    /// <summary>The partner's backlog is full; this update was not taken.</summary>
    GameCacheMaxed = 21,

    /// <summary>Too many requests or registrations from this address.</summary>
    RateLimited = 22,

    /// <summary>More requests under way than the server will hold.</summary>
    ServerBusy = 23,
}
