using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>Kinds of faults, by what a player can do about them.</summary>
public enum TurnFaultKind
{
    /// <summary>No answer within <see cref="TurnClientOptions.Patience"/>.</summary>
    Unreachable,

    /// <summary>The reply is not from a turn server: check the URL.</summary>
    NotTurnServer,

    /// <summary>The server will never take this: correct the name or the request.</summary>
    InvalidRequest,

    /// <summary>The server has no room for more players or games: register again later.</summary>
    ServerFull,

    /// <summary>The server was busy, or this address over its rate limit, for all of the patience.</summary>
    ServerBusy,

    /// <summary>The registration is gone: register again.</summary>
    RegistrationGone,

    /// <summary>The partner left before the game; this player still waits: pair again.</summary>
    PartnerLeftEarly,

    /// <summary>The partner has left; everything it sent before has been received.</summary>
    PartnerLeft,

    /// <summary>The server no longer has this player's seat: register again for another game.</summary>
    SeatGone,

    /// <summary>
    /// Client and server disagree about the counter: one of them has a bug, or two clients share a seat.
    /// </summary>
    OutOfStep,
}

/// <summary>Why a call failed, or why a game is over.</summary>
/// <param name="Kind">What can be done about it.</param>
/// <param name="Meaning">A message for users, without a full stop.</param>
/// <param name="Error">The server's error; <see cref="ErrorCode.None"/> if it did not come from the server.</param>
/// <param name="Detail">The detail of the server's error, if any.</param>
public sealed record TurnFault(TurnFaultKind Kind, string Meaning, ErrorCode Error = ErrorCode.None,
    byte? Detail = null)
{
    /// <summary>Whether the partner quit; otherwise it was dropped for its silence.</summary>
    public bool HasPartnerQuit => Error == ErrorCode.NoPlayerPartner && Detail == (byte)Symbol.GameQuit;

    /// <summary>The fault for an error of the server.</summary>
    public static TurnFault Of(ErrorCode error, byte? detail)
    {
        var (kind, meaning) = Explain(error, detail);
        return new TurnFault(kind, meaning, error, detail);
    }

    private static (TurnFaultKind Kind, string Meaning) Explain(ErrorCode error, byte? detail) => error switch
    {
        ErrorCode.BadContentLength => (TurnFaultKind.InvalidRequest, "the request had no usable length"),
        ErrorCode.NoPostData => (TurnFaultKind.InvalidRequest, "the request was empty or not UTF-8"),
        ErrorCode.NoClientAddress => (TurnFaultKind.InvalidRequest, "the server does not know this player's address"),
        ErrorCode.PostDataFormat => (TurnFaultKind.InvalidRequest, detail switch
        {
            (byte)FormatFault.Symbol => "the request's symbol is not 0 to 6",
            (byte)FormatFault.Player => "the request's player is not 0 or 1",
            (byte)FormatFault.Counter => "the request's counter or token is malformed",
            (byte)FormatFault.Key => "the request's key is malformed",
            (byte)FormatFault.FieldCount => "the request has too few or too many fields",
            _ => "the request is malformed",
        }),
        ErrorCode.NotRegistered => (TurnFaultKind.RegistrationGone, "the server does not know this registration "
            + "(any more)"),
        ErrorCode.RegisterFail => (TurnFaultKind.InvalidRequest,
            $"invalid name: 1 to {ProtocolLimits.NameCharactersMax} characters, no control characters, no comma"),
        ErrorCode.PartnerDrop => (TurnFaultKind.PartnerLeftEarly, "the partner left before the game"),
        ErrorCode.Dropped => (TurnFaultKind.RegistrationGone, "the server dropped this player for being out of step"),
        ErrorCode.PairingKeysMaxed => (TurnFaultKind.ServerFull, "the server has no room for more players"),
        ErrorCode.GameKeysMaxed => (TurnFaultKind.ServerFull, "the server has no room for more games"),
        ErrorCode.NoGame => (TurnFaultKind.SeatGone, "the server does not know this game (any more)"),
        ErrorCode.NoPlayerSelf => (TurnFaultKind.SeatGone, "this player has left the game, or was silent too long"),
        ErrorCode.NoPlayerPartner when detail is not null => (TurnFaultKind.PartnerLeft, "the partner has left"),
        ErrorCode.NoPlayerPartner => (TurnFaultKind.PartnerLeft, "the partner fell silent and was dropped"),
        ErrorCode.BadPartnerName => (TurnFaultKind.InvalidRequest, "invalid name of the partner: 1 to "
            + $"{ProtocolLimits.NameCharactersMax} characters, no control characters, no comma"),
        ErrorCode.KnownPartnerDrop => (TurnFaultKind.RegistrationGone, "the requested partner left before the game, "
            + "which ended this registration"),
        ErrorCode.PlayerStateBehind => (TurnFaultKind.OutOfStep, "the server has taken a later turn of this player"),
        ErrorCode.PlayerStateAhead => (TurnFaultKind.OutOfStep, "the server has not taken this player's last turn"),
        ErrorCode.OverContentLength => (TurnFaultKind.InvalidRequest, "the request is longer than "
            + $"{ProtocolLimits.BodyBytesMax} bytes, or than a proxy in front of the server accepts"),
        ErrorCode.GameCacheMaxed => (TurnFaultKind.ServerBusy, "the partner has not collected what was sent before"),
        ErrorCode.RateLimited => (TurnFaultKind.ServerBusy, "too many requests or players from this address"),
        ErrorCode.ServerBusy => (TurnFaultKind.ServerBusy, "the server is overloaded or cannot write its state"),
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "not an error of the protocol"),
    };
}

/// <summary>A value, or the fault that prevented it.</summary>
public readonly record struct TurnResult<T>
{
    private readonly T? _value;

    private TurnResult(T? value, TurnFault? fault)
    {
        _value = value;
        Fault = fault;
    }

    /// <summary>Why there is no value; null when there is one.</summary>
    public TurnFault? Fault { get; }

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">There is a <see cref="Fault"/> instead.</exception>
    public T Value => Fault is null ? _value! : throw new InvalidOperationException(Fault.Meaning);

    public static implicit operator TurnResult<T>(T value) => new(value, null);

    public static implicit operator TurnResult<T>(TurnFault fault) => new(default, fault);
}
