namespace TurnServer.Protocol;

/// <summary>What a request asks for: its first field. The numbers are the wire's (PROTOCOL.md, "Request").</summary>
public enum Symbol : byte
{
    /// <summary>Enter the waiting line under a name; answered with a pairing key.</summary>
    Register = 0,

    /// <summary>Give the registration up, and the game with it.</summary>
    Unregister = 1,

    /// <summary>Ask for a partner, or who it is.</summary>
    RequestPair = 2,

    /// <summary>Say that loading has begun.</summary>
    MapInit = 3,

    /// <summary>Say that loading is done; answered with a seat key once both are ready.</summary>
    MapReady = 4,

    /// <summary>Leave the game.</summary>
    GameQuit = 5,

    /// <summary>Send a turn, or nothing, and collect the partner's.</summary>
    GameUpdate = 6,
}
