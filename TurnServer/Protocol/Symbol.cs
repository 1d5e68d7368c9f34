namespace TurnServer.Protocol;

/// <summary>The kind of a request: its first field, with the wire's numbers (PROTOCOL.md, "Request").</summary>
public enum Symbol : byte
{
    /// <summary>Register under a name and wait for a partner; answered with a pairing key.</summary>
    Register = 0,

    /// <summary>End the registration, and leave the game.</summary>
    Unregister = 1,

    /// <summary>Ask for a partner, or for the partner's name.</summary>
    RequestPair = 2,

    /// <summary>Report that loading has begun.</summary>
    MapInit = 3,

    /// <summary>Report that loading is done; answered with a seat key once both players are ready.</summary>
    MapReady = 4,

    /// <summary>Leave the game.</summary>
    GameQuit = 5,

    /// <summary>Send a turn, or none, and collect the partner's turns.</summary>
    GameUpdate = 6,
}
