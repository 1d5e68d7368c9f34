using TurnServer.Actor;

namespace TurnServer.Cluster;

/// <summary>Where the table is at the moment. A change of it is a new route.</summary>
internal sealed class Route
{
    private readonly TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>This server's actor, if it owns the table; otherwise null.</summary>
    public IPlayerGateway? Here { get; init; }

    /// <summary>The owner, if it is another server and alive; otherwise null.</summary>
    public ClusterMember? Owner { get; init; }

    /// <summary>Completes when there is another route.</summary>
    public Task Changed => _changed.Task;

    /// <summary>Whether it leads to the same place.</summary>
    public bool IsSameAs(Route other) => Here == other.Here && Owner?.Id == other.Owner?.Id;

    public void NoteChanged() => _changed.TrySetResult();
}
