using Etcdserverpb;
using Google.Protobuf;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

internal sealed class EtcdShardLogTests : EtcdFixture
{
    [TestCase(0, 0, ExpectedResult = 16_384)]
    [TestCase(0, 64, ExpectedResult = 16_384)]
    [TestCase(1, 64, ExpectedResult = 4096)]
    [TestCase(64, 64, ExpectedResult = 4096)]
    public int Capacity_NothingSaid_IsThatOfTheRole(int shard, int gameShards) =>
        OpenLog(new ShardRole(shard, gameShards)).Capacity;

    [Test]
    public async Task ReadHead_EmptyLog_IsNone() =>
        Assert.That(await OpenLog().ReadHeadAsync(default), Is.EqualTo(ShardHead.None));

    [Test]
    public async Task TryAppend_ExpectedHead_IsTheNextHeadForAll()
    {
        var log = OpenLog();
        var head = await AppendAsync(log, await TakeOverAsync(log, ShardHead.None), 2);
        Assert.That(head, Is.EqualTo(new ShardHead(1, 3, "a")));
        Assert.That(await OpenLog().ReadHeadAsync(default), Is.EqualTo(head));
    }

    [Test]
    public async Task TryAppend_HandedOver_HasNoOwner()
    {
        var log = OpenLog();
        var head = await TakeOverAsync(log, ShardHead.None);
        Assert.That(await log.TryAppendAsync(head, head.HandedOver(), BatchAt(2), default), Is.True);
        Assert.That(await log.ReadHeadAsync(default), Is.EqualTo(new ShardHead(1, 2, null)));
    }

    [Test]
    public async Task TryAppend_AnotherHead_ChangesNothing([Values(0, 1, 2, 3)] int which)
    {
        var log = OpenLog();
        var head = await TakeOverAsync(log, ShardHead.None);
        var wrong = which switch
        {
            0 => ShardHead.None,
            1 => head with { Owner = "b" },
            2 => head with { Epoch = 2 },
            _ => head.Next(),
        };
        Assert.That(await log.TryAppendAsync(wrong, wrong.Next(), new byte[1], default), Is.False);
        Assert.That(await log.ReadHeadAsync(default), Is.EqualTo(head));
        Assert.That((await TakeAsync(log, 0, 1))[0].Content.ToArray(), Is.EqualTo(BatchAt(1)));
    }

    [Test]
    public async Task TryAppend_TwoWriters_OneOfThemInEachRound()
    {
        const int Rounds = 200;
        EtcdShardLog[] logs = [OpenLog(), OpenLog()];
        var head = ShardHead.None;
        for (var round = 0; round < Rounds; round++)
        {
            ShardHead[] next = [head.TakenOverBy("a"), head.TakenOverBy("b")];
            var isDone = await Task.WhenAll(logs.Zip(next,
                (log, mine) => log.TryAppendAsync(head, mine, BatchAt(mine.Position), default)));
            Assert.That(isDone.Count(done => done), Is.EqualTo(1));
            head = next[isDone[0] ? 0 : 1];
        }

        Assert.That(await logs[0].ReadHeadAsync(default), Is.EqualTo(head));
        Assert.That(head.Epoch, Is.EqualTo(Rounds));
    }

    [Test]
    public async Task ReadOn_BatchesThere_AreInOrder()
    {
        var log = OpenLog();
        await AppendAsync(log, await TakeOverAsync(log, ShardHead.None), 299);
        AssertPositions(await TakeAsync(log, 0, 300), from: 1);
        AssertPositions(await TakeAsync(log, 250, 50), from: 251);
    }

    [Test]
    public async Task ReadOn_LargestBatches_ComeWhole()
    {
        var log = OpenLog();
        var head = await TakeOverAsync(log, ShardHead.None);
        var batch = new byte[LogBatch.BytesMax];
        Random.Shared.NextBytes(batch);
        for (var count = 0; count < 12; count++, head = head.Next())
            Assert.That(await log.TryAppendAsync(head, head.Next(), batch, default), Is.True);
        var batches = await TakeAsync(log, 1, 12);
        Assert.That(batches.All(read => read.Content.Span.SequenceEqual(batch)));
    }

    [Test]
    public async Task ReadOn_BatchesAppendedMeanwhile_Follow()
    {
        var log = OpenLog(capacity: 8);
        var head = await TakeOverAsync(log, ShardHead.None);
        using var stop = new CancellationTokenSource(TestWait.Timeout);
        await using var follower = OpenLog(capacity: 8).ReadOnAsync(0, stop.Token).GetAsyncEnumerator(stop.Token);
        for (var position = 1; position <= 40; position++)
        {
            Assert.That(await follower.MoveNextAsync());
            Assert.That(follower.Current.Position, Is.EqualTo(position));
            Assert.That(follower.Current.Content.ToArray(), Is.EqualTo(BatchAt(position)));
            head = await AppendAsync(log, head, 1);
        }
    }

    [Test]
    public async Task ReadOn_FullRing_ReachesBackAsFarAsTheCapacity([Values(16, 20, 23)] int appends)
    {
        var log = OpenLog(capacity: 8);
        await AppendAsync(log, await TakeOverAsync(log, ShardHead.None), appends - 1);
        AssertPositions(await TakeAsync(log, appends - 8, 8), from: appends - 7);
        Assert.That(() => TakeAsync(log, appends - 9, 1), Throws.TypeOf<LogGapException>());
    }

    [Test]
    public async Task ReadOn_StoreThatHasGoneBack_IsAGap()
    {
        var log = OpenLog();
        await TakeOverAsync(log, ShardHead.None);
        Assert.That(() => TakeAsync(log, 2, 1), Throws.TypeOf<LogGapException>());
    }

    [Test]
    public async Task ReadOn_ForeignSlot_IsAGap()
    {
        var log = OpenLog();
        await AppendAsync(log, await TakeOverAsync(log, ShardHead.None), 2);
        var connection = Connect();
        var put = new PutRequest
        {
            Key = new EtcdKeys(connection.Options.Name, 0).Slot(2),
            Value = ByteString.CopyFrom(0, 0, 0, 0, 0, 0, 0, 9),
        };
        await connection.ReadAsync((etcd, options) => etcd.Kv.PutAsync(put, options).ResponseAsync, default);
        Assert.That(() => TakeAsync(log, 0, 3), Throws.TypeOf<LogGapException>());
    }

    [Test]
    public async Task ReadOn_Stopped_IsCanceled()
    {
        using var stop = new CancellationTokenSource();
        await using var follower = OpenLog().ReadOnAsync(0, stop.Token).GetAsyncEnumerator(stop.Token);
        var next = follower.MoveNextAsync().AsTask();
        await stop.CancelAsync();
        Assert.That(() => TestWait.ForAsync(next), Throws.InstanceOf<OperationCanceledException>());
    }
}
