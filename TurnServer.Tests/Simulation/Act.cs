namespace TurnServer.Tests.Simulation;

/// <summary>What somebody sets out to do at some moment of a history.</summary>
internal enum Intent : byte
{
    /// <summary>The player does what the protocol asks of it next: asks, repeats, sends a turn, collects.</summary>
    Behave,

    /// <summary>The player leaves, by 1 or 5.</summary>
    Leave,

    /// <summary>The player does nothing for a while.</summary>
    Sleep,

    /// <summary>The player does something that it should not; only those do who misbehave at all.</summary>
    Misbehave,

    /// <summary>The server answers what it holds, and holds nothing from then on.</summary>
    Drain,

    /// <summary>The server dies in the middle of a batch and starts again.</summary>
    Crash,

    /// <summary>The server stands still for a while, and goes on.</summary>
    Freeze,
}

/// <summary>
/// What the network does with a request: delays in milliseconds, −1 for lost (or, of the copy, for none made).
/// </summary>
internal readonly record struct Fate(int Request, int Reply, int Copy, int CopyReply)
{
    /// <summary>Neither lost nor late.</summary>
    public static readonly Fate Fair = new(0, 0, -1, 0);
}

/// <summary>
/// One event of a history. Whatever else there is to decide follows from the player's state and from
/// <paramref name="Draw"/>, so that any part of a history is a history.
/// </summary>
internal readonly record struct Act(long AtMs, int Player, Intent Intent, ulong Draw, Fate Fate);
