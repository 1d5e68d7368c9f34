namespace TurnServer.Protocol;

/// <summary>The CODE of a successful reply, <c>0/CODE/DATA</c> (PROTOCOL.md, "Reply").</summary>
public enum ReplyCode : byte
{
    /// <summary>Registered; DATA is the pairing key.</summary>
    RegisterOk = 0,

    /// <summary>Unregistered, or quit.</summary>
    UnregisterOk = 1,

    /// <summary>No partner yet.</summary>
    Pairing = 2,

    /// <summary>Paired, and this player hosts; DATA is the partner's name.</summary>
    StartServer = 3,

    /// <summary>Paired, and the partner hosts; DATA is its name.</summary>
    StartClient = 4,

    /// <summary>Loading noted, for the host.</summary>
    InitServer = 5,

    /// <summary>Loading noted, for the player who does not host.</summary>
    InitClient = 6,

    /// <summary>Ready; the partner is not yet.</summary>
    PartnerLoad = 7,

    /// <summary>Both ready; DATA is the seat key, a bar and the seat's number.</summary>
    StartPlay = 8,

    /// <summary>Update accepted; DATA is the partner's turns since.</summary>
    GameData = 9,

    /// <summary>Update accepted; the partner has sent nothing since.</summary>
    GameNoData = 10,

    /// <summary>This counter was accepted before; DATA is its whole block.</summary>
    GameRedundant = 11,
}
