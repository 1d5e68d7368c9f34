using TurnServer.Tests.Simulation.Model;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// What the model is told, in an order in which one table could have done the same: a request, or the takeover of a
/// shard.
/// </summary>
/// <param name="Ticket">The request's; 0 for a takeover.</param>
internal sealed record Linearized(long Ticket)
{
    /// <summary>Whether its client is told to ask again, and nothing has changed.</summary>
    public bool IsBusy { get; init; }

    /// <summary>The shard that has been taken over.</summary>
    public int Shard { get; init; }

    /// <summary>What the new owner of a shard has found.</summary>
    public RestartState TakeOver { get; init; }

    /// <summary>Whose deadlines the takeover moves, and whose held replies it has lost.</summary>
    public Func<ModelParticipant, bool>? Concerns { get; init; }

    /// <summary>Whether it never happened: its owner died before it was in the log.</summary>
    public bool IsWithdrawn { get; set; }
}
