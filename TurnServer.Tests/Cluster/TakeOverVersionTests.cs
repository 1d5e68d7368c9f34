using TurnServer.Actor;
using TurnServer.Cluster;
using TurnServer.Cluster.Replication;
using TurnServer.Journal;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster;

/// <summary>A server that knows one table for everything refuses the log of a shard, and the other way round.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class TakeOverVersionTests
{
    // The highest part of a snapshot that versions without shards know.
    private const byte GamePart = 7;

    private static readonly ShardRole[] Shards = [ShardRole.Lobby(2), new(1, 2), new(2, 2)];

    [Test]
    public void ToBatch_OneTable_HasTheVersionThatEarlierServersKnow() =>
        Assert.That(ClusterPieces.TakeOverBy("a").Span[BatchContent.HeadBytes], Is.EqualTo(3));

    [TestCaseSource(nameof(Shards))]
    public void ToBatch_Shard_HasAVersionThatEarlierServersRefuse(ShardRole role) =>
        Assert.That(ClusterPieces.TakeOverBy("a", role).Span[BatchContent.HeadBytes], Is.EqualTo(4));

    [TestCaseSource(nameof(Shards))]
    public void Read_BatchOfTheSameRole_IsWhatWasWritten(ShardRole role) =>
        Assert.That(TakeOver.Read(ClusterPieces.TakeOverBy("a", role).Span, role).Owner, Is.EqualTo("a"));

    [Test]
    public void Read_OneTable_AcceptsTwoAndThree([Values(2, 3)] byte version) =>
        Assert.That(TakeOver.Read(BatchOf(version), ShardRole.Whole).Owner, Is.EqualTo("a"));

    [TestCase(1, "records of version 1, and this server knows 2 to 3")]
    [TestCase(4, "records of version 4 of a cluster with several shards, and this server knows 2 to 3")]
    [TestCase(5, "records of version 5, and this server knows 2 to 3")]
    public void Apply_OneTable_RefusesOtherVersions(byte version, string message) =>
        AssertRefused(ShardRole.Whole, version, message);

    [Test]
    public void Apply_Shard_RefusesOtherVersions([ValueSource(nameof(Shards))] ShardRole role,
        [Values(2, 3, 5)] byte version) => AssertRefused(role, version,
            $"records of version {version}, and this server knows 4 in a cluster with several shards");

    [TestCaseSource(nameof(Shards))]
    public void Snapshot_ShardWithNothingInIt_HasAPartThatEarlierServersRefuse(ShardRole role)
    {
        var kinds = new List<byte>();
        new Table(new RulesOptions(), new RandomKeySource(), role).WriteSnapshot(part => kinds.Add(part[0]));
        Assert.That(kinds, Has.Some.GreaterThan(GamePart));
    }

    [TestCaseSource(nameof(Shards))]
    public void Begin_SnapshotOfAShard_IsRefusedByAServerWithOneTable(ShardRole role)
    {
        var follower = ShardFollower.Begin(null, role);
        follower.Apply(new LogBatch(1, ClusterPieces.TakeOverBy("a", role)));
        var snapshot = follower.ToSnapshot();
        Assert.That(() => ShardFollower.Begin(snapshot, ShardRole.Whole), Throws.TypeOf<OtherLogVersionException>()
            .With.Message.EqualTo("a snapshot of a cluster with several shards"));
        Assert.That(ShardFollower.Begin(snapshot, role).Position, Is.EqualTo(1));
    }

    // What a server that knows no shards takes for another version of the format.
    [TestCaseSource(nameof(Shards))]
    public void ToSnapshot_Shard_HasAMagicOfItsOwn(ShardRole role)
    {
        var follower = ShardFollower.Begin(null, role);
        follower.Apply(new LogBatch(1, ClusterPieces.TakeOverBy("a", role)));
        Assert.That(follower.ToSnapshot().Image[..8].ToArray(), Is.EqualTo("TURNS004"u8.ToArray()));
    }

    [TestCaseSource(nameof(Shards))]
    public void Begin_SnapshotOfOneTable_IsRefusedByAServerWithShards(ShardRole role)
    {
        var follower = ShardFollower.Begin(null, ShardRole.Whole);
        follower.Apply(new LogBatch(1, ClusterPieces.TakeOverBy("a")));
        var snapshot = follower.ToSnapshot();
        Assert.That(() => ShardFollower.Begin(snapshot, role), Throws.TypeOf<OtherLogVersionException>()
            .With.Message.EqualTo("a snapshot of one table for everything"));
    }

    private static void AssertRefused(ShardRole role, byte version, string message)
    {
        var follower = ShardFollower.Begin(null, role);
        Assert.That(() => follower.Apply(new LogBatch(1, BatchOf(version))),
            Throws.TypeOf<OtherLogVersionException>().With.Message.EqualTo(message));
        Assert.That(follower.Table, Is.Null);
    }

    private static byte[] BatchOf(byte version)
    {
        var batch = ClusterPieces.TakeOverBy("a").ToArray();
        batch[BatchContent.HeadBytes] = version;
        return batch;
    }
}
