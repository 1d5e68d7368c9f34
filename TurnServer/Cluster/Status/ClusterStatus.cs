using TurnServer.Cluster.Etcd;
using TurnServer.Cluster.Replication;

namespace TurnServer.Cluster;

/// <summary>What the cluster looks like from one of its servers. Holds nothing secret.</summary>
internal sealed record ClusterStatus
{
    /// <summary>The name of the cluster.</summary>
    public string Name { get; init; } = "";

    /// <summary>That server.</summary>
    public required string Self { get; init; }

    /// <summary>The servers that are registered, the oldest first.</summary>
    public required IReadOnlyList<MemberStatus> Members { get; init; }

    /// <summary>The shards, the lobby first; empty: the cluster has one table for everything.</summary>
    public IReadOnlyList<ShardStatus> Shards { get; init; } = [];

    /// <summary>The server that owns the table, or the lobby; null: none.</summary>
    public required string? Owner { get; init; }

    /// <summary>How many times the table has been taken over, or all shards together.</summary>
    public required long Epoch { get; init; }

    /// <summary>The last batch that this server has followed or written; 0 with shards.</summary>
    public required long Position { get; init; }

    /// <summary>The latest takeovers; the latest last.</summary>
    public required IReadOnlyList<ShardMove> TakeOvers { get; init; }

    /// <summary>
    /// See <see cref="TakeOverHistory.CountsByCause"/>; with shards, the takeovers by this server.
    /// </summary>
    public required IReadOnlyList<long> TakeOversByCause { get; init; }

    /// <summary>What this process has appended, whenever it was the owner.</summary>
    public required AppendTotals Appended { get; init; }

    /// <summary>The size of the latest snapshot that this server has written as the owner, in bytes; 0: none.</summary>
    public required long SnapshotBytes { get; init; }

    /// <summary>Why players who are connected to this server cannot play; null: they can.</summary>
    public required string? Problem { get; init; }

    /// <summary>Why this server, not the owner, could not take over; null: it could, or is the owner.</summary>
    public required string? StandbyProblem { get; init; }

    /// <summary>What the servers of etcd said of themselves; null: they have not been asked yet.</summary>
    public EtcdReading? Etcd { get; init; }

    /// <summary>Whether this server is the owner of the table, or of the lobby.</summary>
    public bool IsOwner => Owner == Self;

    /// <summary>Since when the owner is that, by its clock; null: unknown, or there is none.</summary>
    public DateTimeOffset? OwnedSince =>
        Owner is not null && Shards.Count == 0 && TakeOvers is [.., var last] && last.Owner == Owner ? last.At : null;

    /// <summary>How many batches this server is behind; an owner is not.</summary>
    public long Behind => Math.Max(0, MemberStatus.LatestOf(Members, Position) - Position);

    /// <summary>What this server is, in a few words.</summary>
    public string Role => Shards.Count > 0
        ? $"owns {Shards.Count(shard => shard.Owner == Self)} of {Shards.Count} shards"
        : IsOwner ? "owner"
        : Members.FirstOrDefault(member => member.IsOwner) is { } owner ? $"standby of {owner.Address}"
        : "standby without an owner";
}

/// <summary>A server of the cluster, without its token.</summary>
internal sealed record MemberStatus
{
    /// <summary>See <see cref="ClusterMember.Id"/>.</summary>
    public required string Id { get; init; }

    /// <summary>See <see cref="ClusterMember.Address"/>.</summary>
    public required string Address { get; init; }

    /// <summary>See <see cref="ClusterMember.Version"/>.</summary>
    public required string Version { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Whether it is the server that says this.</summary>
    public required bool IsSelf { get; init; }

    public required bool IsOwner { get; init; }

    /// <summary>How many shards it owns; 0 in a cluster with one table for everything.</summary>
    public int Shards { get; init; }

    /// <summary>Whether it is about to stop.</summary>
    public bool IsLeaving { get; init; }

    /// <summary>The last batch that it has, up to a second ago.</summary>
    public required long Position { get; init; }

    /// <summary>How many batches it lacks that another server has.</summary>
    public required long Behind { get; init; }

    /// <summary>These servers.</summary>
    /// <param name="members">The servers.</param>
    /// <param name="self">The one that says this.</param>
    /// <param name="owner">The owner; null: none.</param>
    /// <param name="position">The last batch that it has now.</param>
    public static IReadOnlyList<MemberStatus> Of(IReadOnlyList<ClusterMember> members, string self, string? owner,
        long position)
    {
        var all = members.Select(member => new MemberStatus
        {
            Id = member.Id,
            Address = member.Address,
            Version = member.Version,
            StartedAt = member.StartedAt,
            IsLeaving = member.IsLeaving,
            IsSelf = member.Id == self,
            IsOwner = member.Id == owner,
            Position = member.Id == self ? position : member.Position,
            Behind = 0,
        }).ToList();
        var latest = LatestOf(all, position);
        return [.. all.Select(member => member with { Behind = latest - member.Position })];
    }

    /// <summary>
    /// The latest batch that any server has said to have. The owner has that, but says so once a second only.
    /// </summary>
    public static long LatestOf(IReadOnlyList<MemberStatus> members, long position) =>
        members.Select(member => member.Position).Append(position).Max();
}

/// <summary>A shard of the cluster.</summary>
/// <param name="Number">0: the lobby; from 1: games.</param>
/// <param name="Owner">The server that owns it, as in <see cref="ClusterMember.Id"/>; null: none.</param>
/// <param name="Epoch">How many times it has been taken over.</param>
/// <param name="Load">What it holds, up to some seconds ago; null: unknown.</param>
internal sealed record ShardStatus(int Number, string? Owner, long Epoch, ShardLoad? Load);
