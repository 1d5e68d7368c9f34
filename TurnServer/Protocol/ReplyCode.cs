namespace TurnServer.Protocol;

/// <summary>What a successful reply says: the CODE of <c>0/CODE/DATA</c> (PROTOCOL.md, "Reply").</summary>
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

    /// <summary>Loading noted, for the one who does not host.</summary>
    InitClient = 6,

    /// <summary>Ready; the partner is not yet.</summary>
    PartnerLoad = 7,

    /// <summary>Both ready; DATA is the seat key, a bar and the seat's number.</summary>
    StartPlay = 8,

    /// <summary>Update taken; DATA is the partner's turns since.</summary>
    GameData = 9,

    /// <summary>Update taken; the partner sent nothing since.</summary>
    GameNoData = 10,

    /// <summary>This counter was taken before; DATA is the whole block of it.</summary>
    GameRedundant = 11,
}
