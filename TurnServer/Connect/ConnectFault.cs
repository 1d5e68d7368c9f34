using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Connect;

/// <summary>What kept data from being passed, by what the user can do about it.</summary>
internal enum ConnectFaultKind
{
    /// <summary>Not foreseen: a bug of this program's, or two programs that play one seat.</summary>
    Bug,

    /// <summary>A name that the server does not take.</summary>
    NameRefused,

    /// <summary>Nobody has come for as long as was to be waited.</summary>
    NobodyCame,

    /// <summary>The partner left, or fell silent, before the end.</summary>
    PartnerLeft,

    /// <summary>The server does not answer any more, or has lost the game.</summary>
    ServerGone,

    /// <summary>There is no turn server at this URL.</summary>
    NotTurnServer,

    /// <summary>The server is full or busy.</summary>
    ServerRefuses,

    /// <summary>What arrived is not what was sent, or the two sides speak differently.</summary>
    Damaged,

    /// <summary>The input cannot be read, or the output not be written.</summary>
    Device,
}

/// <summary>Why data was not passed to the end.</summary>
/// <param name="Kind">What can be done about it.</param>
/// <param name="Meaning">A sentence for people, without a full stop.</param>
internal sealed record ConnectFault(ConnectFaultKind Kind, string Meaning)
{
    /// <summary>What a fault of a step, or the end of a game, means for the data.</summary>
    /// <param name="fault">What went wrong.</param>
    /// <param name="partner">The partner's name; null before there is one.</param>
    public static ConnectFault Of(TurnFault fault, string? partner) => fault.Kind switch
    {
        TurnFaultKind.Unreachable => new(ConnectFaultKind.ServerGone, fault.Meaning),
        TurnFaultKind.NotTurnServer => new(ConnectFaultKind.NotTurnServer, fault.Meaning),
        TurnFaultKind.ServerFull or TurnFaultKind.ServerBusy =>
            new(ConnectFaultKind.ServerRefuses, $"the server refuses: {fault.Meaning}; try again later"),
        TurnFaultKind.PartnerLeft => new(ConnectFaultKind.PartnerLeft, fault.HasPartnerQuit || partner is null
            ? $"{partner ?? "the partner"} left before the end"
            : $"{partner} fell silent and was dropped by the server"),
        TurnFaultKind.SeatGone or TurnFaultKind.RegistrationGone => new(ConnectFaultKind.ServerGone, "the server has "
            + "lost the game: it was restarted, or has not heard from this side for too long"),
        TurnFaultKind.InvalidRequest when fault.Error == ErrorCode.OverContentLength =>
            new(ConnectFaultKind.ServerRefuses, fault.Meaning),
        TurnFaultKind.InvalidRequest when partner is null => new(ConnectFaultKind.NameRefused, fault.Meaning),
        _ => new(ConnectFaultKind.Bug, fault.Meaning),
    };
}
