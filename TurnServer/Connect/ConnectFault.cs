using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Connect;

/// <summary>Kinds of failures of <c>connect</c>, by what the user can do about them.</summary>
internal enum ConnectFaultKind
{
    /// <summary>Unexpected: a bug of this program, or two programs that play one seat.</summary>
    Bug,

    /// <summary>The server refuses the name.</summary>
    NameRefused,

    /// <summary>No partner within the time.</summary>
    NoPartner,

    /// <summary>The partner left, or was dropped, before the end.</summary>
    PartnerLeft,

    /// <summary>The server no longer answers, or has lost the game.</summary>
    ServerGone,

    /// <summary>There is no turn server at this URL.</summary>
    NotTurnServer,

    /// <summary>The server is full or busy.</summary>
    ServerRefused,

    /// <summary>The data that arrived differs from what was sent, or only one side uses --raw.</summary>
    Damaged,

    /// <summary>The input cannot be read, or the output cannot be written.</summary>
    Device,
}

/// <summary>Why a transfer failed.</summary>
/// <param name="Kind">What the user can do about it.</param>
/// <param name="Meaning">A message for users, without a full stop.</param>
internal sealed record ConnectFault(ConnectFaultKind Kind, string Meaning)
{
    /// <summary>What a fault of the client means for the transfer.</summary>
    /// <param name="fault">The client's fault.</param>
    /// <param name="partner">The partner's name; null before there is a partner.</param>
    public static ConnectFault Of(TurnFault fault, string? partner) => fault.Kind switch
    {
        TurnFaultKind.Unreachable => new(ConnectFaultKind.ServerGone, fault.Meaning),
        TurnFaultKind.NotTurnServer => new(ConnectFaultKind.NotTurnServer, fault.Meaning),
        TurnFaultKind.ServerFull or TurnFaultKind.ServerBusy =>
            new(ConnectFaultKind.ServerRefused, $"the server refuses: {fault.Meaning}; try again later"),
        TurnFaultKind.PartnerLeft => new(ConnectFaultKind.PartnerLeft, fault.HasPartnerQuit || partner is null
            ? $"{partner ?? "the partner"} left before the end"
            : $"{partner} fell silent and was dropped by the server"),
        TurnFaultKind.SeatGone or TurnFaultKind.RegistrationGone => new(ConnectFaultKind.ServerGone, "the server has "
            + "lost the game: it was restarted, or has not heard from this side for too long"),
        TurnFaultKind.InvalidRequest when fault.Error == ErrorCode.OverContentLength =>
            new(ConnectFaultKind.ServerRefused, fault.Meaning),
        TurnFaultKind.InvalidRequest when partner is null => new(ConnectFaultKind.NameRefused, fault.Meaning),
        _ => new(ConnectFaultKind.Bug, fault.Meaning),
    };
}
