namespace TurnServer.Tests.Simulation.Players;

/// <summary>A request and its repetitions.</summary>
internal sealed class Operation(int number, Request request)
{
    public int Number => number;

    public Request Request => request;

    /// <summary>How many copies, or replies to them, are in the network.</summary>
    public int InFlight { get; private set; }

    /// <summary>Whether the last copy was sent alone: then its reply is conclusive for all earlier ones.</summary>
    public bool WasAlone { get; private set; }

    /// <summary>Whether the update was refused (19) because the one before never arrived.</summary>
    public bool WasAhead { get; set; }

    public bool IsAnswered { get; set; }

    /// <summary>Whether the update is known to be accepted.</summary>
    public bool IsAccepted { get; set; }

    /// <summary>How many bytes of the update's block have been received.</summary>
    public int Received { get; set; }

    /// <summary>Notes that a copy is sent.</summary>
    public void Send() => WasAlone = InFlight++ == 0;

    /// <summary>Notes that a copy is answered or lost.</summary>
    public void Complete() => InFlight--;
}
