using TurnServer.Cluster.Replication;

namespace TurnServer.Cluster;

/// <summary>What the cluster looks like from one of its servers.</summary>
internal sealed record ClusterStatus
{
    /// <summary>That server.</summary>
    public required string Self { get; init; }

    /// <summary>The servers that are registered.</summary>
    public required IReadOnlyList<ClusterMember> Members { get; init; }

    /// <summary>The server that owns the table; null: none.</summary>
    public required string? Owner { get; init; }

    /// <summary>How many times the table has been taken over.</summary>
    public required long Epoch { get; init; }

    /// <summary>The last batch that this server has followed or written.</summary>
    public required long Position { get; init; }

    /// <summary>The takeovers that this server has seen, the latest last.</summary>
    public required IReadOnlyList<TakeOver> TakeOvers { get; init; }

    /// <summary>What this server has appended as the owner; null if it is not.</summary>
    public required AppendCounters? Appended { get; init; }

    /// <summary>The size of the latest snapshot that this server has written as the owner, in bytes; 0: none.</summary>
    public required long SnapshotBytes { get; init; }

    /// <summary>Why players who are connected to this server cannot play; null: they can.</summary>
    public required string? Problem { get; init; }
}
