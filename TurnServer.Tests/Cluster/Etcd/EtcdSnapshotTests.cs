using Etcdserverpb;
using Google.Protobuf;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Journal;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

internal sealed class EtcdSnapshotTests : EtcdFixture
{
    private const int PartBytes = 1 << 20;

    [Test]
    public async Task ReadSnapshot_NoneWritten_IsNull() =>
        Assert.That(await OpenLog().ReadSnapshotAsync(default), Is.Null);

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(PartBytes)]
    [TestCase(5 * PartBytes / 2)]
    public async Task ReadSnapshot_Written_IsTheSame(int bytes)
    {
        var log = OpenLog();
        await TakeOverAsync(log, ShardHead.None);
        var snapshot = Snapshot(7, bytes);
        Assert.That(await log.TryWriteSnapshotAsync(1, 0, snapshot, default), Is.True);
        await AssertLatestAsync(snapshot);
    }

    [Test]
    public async Task TryWriteSnapshot_Several_ReplaceEachOther()
    {
        var log = OpenLog();
        await TakeOverAsync(log, ShardHead.None);
        for (var position = 1; position <= 4; position++)
        {
            var snapshot = Snapshot(position, position % 2 == 0 ? 10 : PartBytes + 10);
            Assert.That(await log.TryWriteSnapshotAsync(1, position - 1, snapshot, default), Is.True);
            await AssertLatestAsync(snapshot);
        }
    }

    [Test]
    public async Task TryWriteSnapshot_StaleEpoch_IsRefused()
    {
        var log = OpenLog();
        var head = await TakeOverAsync(log, ShardHead.None);
        var snapshot = Snapshot(1, 10);
        Assert.That(await log.TryWriteSnapshotAsync(1, 0, snapshot, default), Is.True);
        await TakeOverAsync(log, head, "b");
        Assert.That(await log.TryWriteSnapshotAsync(1, 1, Snapshot(2, 10), default), Is.False);
        await AssertLatestAsync(snapshot);
        Assert.That(await log.TryWriteSnapshotAsync(2, 1, Snapshot(2, 10), default), Is.True);
    }

    [Test]
    public async Task TryWriteSnapshot_StalePrevious_IsRefused()
    {
        var log = OpenLog();
        await TakeOverAsync(log, ShardHead.None);
        var snapshot = Snapshot(5, 10);
        Assert.That(await log.TryWriteSnapshotAsync(1, 3, snapshot, default), Is.False);
        Assert.That(await log.ReadSnapshotAsync(default), Is.Null);
        Assert.That(await log.TryWriteSnapshotAsync(1, 0, snapshot, default), Is.True);
        Assert.That(await log.TryWriteSnapshotAsync(1, 0, Snapshot(6, 10), default), Is.False);
        await AssertLatestAsync(snapshot);
    }

    [Test]
    public async Task TryWriteSnapshot_ManyWriters_LatestIsAlwaysWhole()
    {
        var log = OpenLog();
        await TakeOverAsync(log, ShardHead.None);
        var previous = 0L;
        for (var round = 1; round <= 5; round++)
        {
            var snapshots = Enumerable.Range(0, 3).Select(writer => Snapshot((10 * round) + writer, 2 * PartBytes));
            var writes = snapshots.Select(async snapshot =>
                (snapshot, await OpenLog().TryWriteSnapshotAsync(1, previous, snapshot, default)));
            var written = (await Task.WhenAll(writes)).Where(write => write.Item2).ToList();
            Assert.That(written, Has.Count.LessThanOrEqualTo(1));
            var latest = await log.ReadSnapshotAsync(default);
            previous = written.Count == 0 ? previous : written[0].snapshot.Position;
            Assert.That(latest?.Position ?? 0, Is.EqualTo(previous));
        }
    }

    [Test]
    public async Task ReadSnapshot_DamagedPart_Throws()
    {
        var log = OpenLog();
        await TakeOverAsync(log, ShardHead.None);
        Assert.That(await log.TryWriteSnapshotAsync(1, 0, Snapshot(1, 10), default), Is.True);
        var connection = Connect();
        var put = new PutRequest
        {
            Key = new EtcdKeys(connection.Options.Name, 0).SnapshotPart(0, 0),
            Value = ByteString.CopyFrom(new byte[10]),
        };
        await connection.ReadAsync((etcd, options) => etcd.Kv.PutAsync(put, options).ResponseAsync, default);
        Assert.That(() => log.ReadSnapshotAsync(default),
            Throws.TypeOf<StateDamagedException>().With.Message.Contains("1 0 1 10 "));
    }

    private static ShardSnapshot Snapshot(long position, int bytes)
    {
        var image = new byte[bytes];
        new Random((int)position).NextBytes(image);
        return new ShardSnapshot(position, image);
    }

    private async Task AssertLatestAsync(ShardSnapshot expected)
    {
        var latest = await OpenLog().ReadSnapshotAsync(default);
        Assert.That(latest?.Position, Is.EqualTo(expected.Position));
        Assert.That(latest!.Image.Span.SequenceEqual(expected.Image.Span));
    }
}
