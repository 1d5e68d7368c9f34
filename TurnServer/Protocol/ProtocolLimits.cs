namespace TurnServer.Protocol;

/// <summary>The limits that PROTOCOL.md fixes. They are part of the contract and not configurable.</summary>
public static class ProtocolLimits
{
    /// <summary>The longest request body, in bytes (PROTOCOL.md, "Request").</summary>
    public const int BodyBytesMax = 16384;

    /// <summary>The longest name of a player or partner, in Unicode scalar values (PROTOCOL.md, error 7).</summary>
    public const int NameCharactersMax = 64;

    /// <summary>The longest registration token, in ASCII characters (PROTOCOL.md, "Pairing").</summary>
    public const int TokenCharactersMax = 64;

    /// <summary>The longest name of a pool, in ASCII characters (PROTOCOL.md, "Pools").</summary>
    public const int PoolCharactersMax = 32;

    /// <summary>
    /// The most bytes of turns, separators included, waiting for one seat or unacknowledged by it (PROTOCOL.md, "The
    /// game").
    /// </summary>
    public const int BacklogBytesMax = 131072;

    /// <summary>
    /// Keys are below this (PROTOCOL.md, "Keys"): 2⁵³, so that a double represents each of them exactly.
    /// </summary>
    public const ulong KeyEnd = 1UL << 53;
}
