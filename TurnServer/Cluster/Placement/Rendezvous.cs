using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace TurnServer.Cluster.Placement;

/// <summary>
/// Spreads shards over servers by rendezvous hashing: each server has a weight for each shard, and the heaviest has it.
/// All servers come to the same result without asking each other, and one that comes or goes moves its own shards only.
/// </summary>
internal static class Rendezvous
{
    /// <summary>The servers in the order in which they are to have a shard.</summary>
    /// <param name="shard">The shard's number.</param>
    /// <param name="servers">
    /// The servers. Their addresses decide, so that a server which is started again gets the same shards.
    /// </param>
    public static IReadOnlyList<ClusterMember> Rank(int shard, IEnumerable<ClusterMember> servers) =>
        [.. servers.OrderByDescending(server => Weigh(shard, server.Address))
            .ThenBy(server => server.Id, StringComparer.Ordinal)];

    private static ulong Weigh(int shard, string address) =>
        XxHash3.HashToUInt64(MemoryMarshal.AsBytes(address.AsSpan()), shard);
}
