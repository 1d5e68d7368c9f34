using Microsoft.Extensions.Time.Testing;
using TurnServer.Cluster;
using TurnServer.Cluster.Placement;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Placement;

/// <summary>Which servers count when shards are placed, and from when on.</summary>
public sealed class ShardPlacementTests
{
    private const int Shards = 9;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly ClusterMember One = ClusterPieces.Member("one");
    private static readonly ClusterMember Two = ClusterPieces.Member("two");
    private static readonly ClusterMember Three = ClusterPieces.Member("three");

    private readonly FakeTimeProvider _clock = new();
    private ShardPlacement _placement = null!;

    [SetUp]
    public void Create() => _placement = new ShardPlacement(Shards, _clock);

    [Test]
    public void Nobody_has_a_shard_of_a_cluster_without_servers()
    {
        _placement.Set([]);
        Assert.That(_placement.First(0), Is.Null);
        Assert.That(_placement.IsFollower(0, One.Id), Is.False);
    }

    [Test]
    public void Two_servers_read_the_log_of_a_shard()
    {
        _placement.Set([One, Two, Three]);
        for (var shard = 0; shard < Shards; shard++)
        {
            var ranked = Rendezvous.Rank(shard, [One, Two, Three]);
            Assert.That(_placement.First(shard), Is.EqualTo(ranked[0]));
            Assert.That(ranked.Select(server => _placement.IsFollower(shard, server.Id)),
                Is.EqualTo(new[] { true, true, false }));
        }
    }

    [Test]
    public void A_server_that_is_about_to_stop_is_given_nothing()
    {
        _placement.Set([One, Two]);
        Assert.That(_placement.Set([One with { IsLeaving = true }, Two]), Is.True);
        for (var shard = 0; shard < Shards; shard++)
        {
            Assert.That(_placement.First(shard), Is.EqualTo(Two));
            Assert.That(_placement.IsFollower(shard, One.Id), Is.False);
        }
    }

    [Test]
    public void What_changes_nothing_is_not_worked_out_again()
    {
        Assert.That(_placement.Set([One, Two]), Is.True);
        Assert.That(_placement.Set([One with { Position = 5 }, Two]), Is.False);
        Assert.That(_placement.Set([Two]), Is.True);
    }

    [Test]
    public void A_server_is_settled_after_a_while()
    {
        _placement.Set([One]);
        _clock.Advance(10 * Second - TimeSpan.FromTicks(1));
        Assert.That(_placement.IsSettled(One.Id), Is.False);
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.That(_placement.IsSettled(One.Id), Is.True);
        Assert.That(_placement.IsSettled(Two.Id), Is.False);
    }

    [Test]
    public void A_server_that_comes_again_must_stay_longer_each_time()
    {
        int[] seconds = [10, 20, 40, 80, 160, 320, 600, 600];
        foreach (var (time, settling) in seconds.Index())
        {
            // Whether the process is another one does not matter.
            var one = time % 2 == 0 ? One : One with { Id = "again" };
            _placement.Set([one]);
            Assert.That(SettlingOf(one), Is.EqualTo(settling), $"the {time + 1}. time");
            _placement.Set([Two]);
        }
    }

    [Test]
    public void What_a_server_did_long_ago_is_forgotten()
    {
        for (var time = 0; time < 3; time++)
        {
            _placement.Set([One]);
            _placement.Set([Two]);
        }

        _clock.Advance(ShardPlacement.Memory);
        _placement.Set([One]);
        Assert.That(SettlingOf(One), Is.EqualTo(10));
    }

    // Without letting more time pass than it takes.
    private int SettlingOf(ClusterMember server)
    {
        var seconds = 0;
        for (; !_placement.IsSettled(server.Id); seconds++)
            _clock.Advance(Second);
        return seconds;
    }
}
