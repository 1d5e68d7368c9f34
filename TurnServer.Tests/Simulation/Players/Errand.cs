namespace TurnServer.Tests.Simulation.Players;

/// <summary>One thing that a player wants done, however often it has to ask.</summary>
internal sealed class Errand(int number, Request request)
{
    public int Number => number;

    public Request Request => request;

    /// <summary>How many copies are on their way, or have replies that are.</summary>
    public int InFlight { get; private set; }

    /// <summary>
    /// Whether the last copy was on its way alone: then what its reply says holds for all that were sent before.
    /// </summary>
    public bool WasAlone { get; private set; }

    /// <summary>Of an update: whether it was found to be ahead of one that never arrived.</summary>
    public bool WasAhead { get; set; }

    public bool IsAnswered { get; set; }

    /// <summary>Of an update: whether it is known to have been taken.</summary>
    public bool IsTaken { get; set; }

    /// <summary>Of an update: how many bytes of its counter's block have arrived.</summary>
    public int Have { get; set; }

    /// <summary>A copy is on its way.</summary>
    public void Send() => WasAlone = InFlight++ == 0;

    /// <summary>A copy, or the reply to it, is there or lost.</summary>
    public void Settle() => InFlight--;
}
