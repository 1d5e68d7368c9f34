using TurnServer.Cluster;
using TurnServer.Cluster.Placement;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Placement;

/// <summary>Which server is to have which shard.</summary>
public sealed class RendezvousTests
{
    private const int Shards = 65;

    private static readonly ClusterMember[] Servers =
        [.. Enumerable.Range(1, 4).Select(number => ClusterPieces.Member($"server{number}", $"10.0.0.{number}:2390"))];

    [Test]
    public void All_servers_come_to_the_same_result()
    {
        for (var shard = 0; shard < Shards; shard++)
            Assert.That(Ids(shard, Servers.Reverse()), Is.EqualTo(Ids(shard, Servers)));
    }

    [Test]
    public void A_server_that_is_gone_moves_its_own_shards_only()
    {
        for (var shard = 0; shard < Shards; shard++)
        {
            var gone = Servers[shard % Servers.Length].Id;
            Assert.That(Ids(shard, Servers.Where(server => server.Id != gone)),
                Is.EqualTo(Ids(shard, Servers).Where(id => id != gone)));
        }
    }

    [Test]
    public void Each_server_has_its_share([Values(2, 3, 4)] int servers)
    {
        var shares = Enumerable.Range(0, Shards).CountBy(shard => Ids(shard, Servers.Take(servers))[0]).ToList();
        Assert.That(shares.Select(share => share.Value),
            Has.Exactly(servers).Items.And.All.InRange(Shards / servers / 2, 2 * Shards / servers));
    }

    [Test]
    public void A_server_that_is_started_again_has_the_same_shards()
    {
        var again = Servers[0] with { Id = "another" };
        for (var shard = 0; shard < Shards; shard++)
        {
            Assert.That(Ids(shard, [again, .. Servers[1..]]),
                Is.EqualTo(Ids(shard, Servers).Select(id => id == Servers[0].Id ? again.Id : id)));
        }
    }

    private static List<string> Ids(int shard, IEnumerable<ClusterMember> servers) =>
        [.. Rendezvous.Rank(shard, servers).Select(server => server.Id)];
}
