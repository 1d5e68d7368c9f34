using TurnServer.Cluster;
using TurnServer.Cluster.Replication;
using TurnServer.Journal;
using TurnServer.Rules;

namespace TurnServer.Tests.Support;

/// <summary>Parts of a cluster, for tests in which only a few of their values matter.</summary>
internal static class ClusterPieces
{
    /// <summary>A server of the cluster.</summary>
    /// <param name="id">See <see cref="ClusterMember.Id"/>.</param>
    /// <param name="address">See <see cref="ClusterMember.Address"/>; null: one of its own.</param>
    public static ClusterMember Member(string id, string? address = null) => new()
    {
        Id = id,
        Address = address ?? $"{id}:1",
        Token = "secret",
        Version = "1.0.0",
        StartedAt = DateTimeOffset.UnixEpoch,
    };

    /// <summary>The batch by which a server takes over.</summary>
    public static ReadOnlyMemory<byte> TakeOverBy(string owner, ShardRole role = default) => new TakeOver
    {
        Owner = owner,
        Cause = "test",
        At = DateTimeOffset.UnixEpoch,
        Settings = new StateSettings(new RulesOptions(), false),
        Grace = TimeSpan.Zero,
    }.ToBatch(role);
}
