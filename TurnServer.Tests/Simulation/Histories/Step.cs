namespace TurnServer.Tests.Simulation;

/// <summary>What a step of a history does.</summary>
internal enum StepKind : byte
{
    /// <summary>The player follows the protocol: asks, repeats, sends a turn, collects.</summary>
    Behave,

    /// <summary>The player leaves, by symbol 1 or 5.</summary>
    Leave,

    /// <summary>The player is silent for a while.</summary>
    Sleep,

    /// <summary>The player violates the protocol, if its profile allows that.</summary>
    Misbehave,

    /// <summary>The server answers all held replies and holds none from then on.</summary>
    Drain,

    /// <summary>The server crashes in the middle of a batch and restarts.</summary>
    Crash,

    /// <summary>The server is suspended for a while.</summary>
    Suspend,
}

/// <summary>
/// What the network does with a request: delays in milliseconds; −1 loses it, or makes no copy.
/// </summary>
internal readonly record struct Transit(int Request, int Reply, int Copy, int CopyReply)
{
    /// <summary>Delivered once, without delay.</summary>
    public static readonly Transit Fair = new(0, 0, -1, 0);
}

/// <summary>
/// One step of a history. All further decisions follow from the player's state and <paramref name="Draw"/>, so that any
/// subset of a history is a valid history.
/// </summary>
internal readonly record struct Step(long AtMs, int Player, StepKind Kind, ulong Draw, Transit Transit);
