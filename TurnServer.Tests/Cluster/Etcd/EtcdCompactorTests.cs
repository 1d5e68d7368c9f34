using Etcdserverpb;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

internal sealed class EtcdCompactorTests : EtcdFixture
{
    private EtcdConnection _connection = null!;
    private EtcdCompactor _compactor = null!;

    [SetUp]
    public void Create() => _compactor = new EtcdCompactor(_connection = Connect());

    [TearDown]
    public async Task StopAsync() => await _compactor.DisposeAsync();

    [Test]
    public async Task AfterASnapshot_ForgetsWhatHasBeenOverwritten()
    {
        var log = OpenLog(8, _compactor);
        var before = await RevisionAsync();
        var head = await AppendAsync(log, await TakeOverAsync(log, ShardHead.None), 20);
        Assert.That(await log.TryWriteSnapshotAsync(1, 0, new ShardSnapshot(20, new byte[1]), default), Is.True);
        head = await AppendAsync(log, head, 1);
        await AssertCompactedAsync(before);
        // The ring is what it was.
        AssertPositions(await TakeAsync(log, head.Position - 8, 8), from: head.Position - 7);
    }

    [Test]
    public async Task TwoLogs_AfterASnapshotOfOne_IsUpToTheAppendBeforeTheLastOfAny()
    {
        var lobby = new EtcdShardLog(_connection, _compactor, ShardRole.Lobby(1));
        var games = new EtcdShardLog(_connection, _compactor, new ShardRole(1, 1));
        var lobbyHead = await TakeOverAsync(lobby, ShardHead.None);
        var gamesHead = await AppendAsync(games, await TakeOverAsync(games, ShardHead.None), 3);
        var before = await RevisionAsync();
        lobbyHead = await AppendAsync(lobby, lobbyHead, 1);
        var beforeLast = await RevisionAsync();
        Assert.That(await lobby.TryWriteSnapshotAsync(1, 0, new ShardSnapshot(2, new byte[1]), default), Is.True);
        gamesHead = await AppendAsync(games, gamesHead, 1);
        await AssertCompactedAsync(before);
        await AssertReadableAsync(beforeLast);
        AssertPositions(await TakeAsync(lobby, 0, 2), from: 1);
        AssertPositions(await TakeAsync(games, 0, (int)gamesHead.Position), from: 1);
        Assert.That(await lobby.ReadHeadAsync(default), Is.EqualTo(lobbyHead));
    }

    [TestCase(0, 1, 2, 3)]
    [TestCase(0, 1, 3, 2)]
    [TestCase(3, 2, 0, 1)]
    public async Task Appended_InAnyOrder_IsUpToTheLastRevisionButOne(params int[] order)
    {
        var log = OpenLog();
        var head = await TakeOverAsync(log, ShardHead.None);
        var revisions = new List<long>();
        for (var count = 0; count < 4; count++)
        {
            head = await AppendAsync(log, head, 1);
            revisions.Add(await RevisionAsync());
        }

        foreach (var index in order[..3])
            _compactor.Appended(revisions[index], 1);
        _compactor.SnapshotWritten(1);
        _compactor.Appended(revisions[order[3]], 1);
        await AssertCompactedAsync(revisions[1]);
        await AssertReadableAsync(revisions[2]);
    }

    [Test]
    public async Task Appended_SeveralInOneTransaction_IsUpToTheOneBefore()
    {
        var log = OpenLog();
        var head = await TakeOverAsync(log, ShardHead.None);
        var revisions = new List<long>();
        for (var count = 0; count < 3; count++)
        {
            head = await AppendAsync(log, head, 1);
            revisions.Add(await RevisionAsync());
        }

        _compactor.Appended(revisions[0], 1);
        _compactor.Appended(revisions[1], 1);
        _compactor.Appended(revisions[2], 1);
        _compactor.Appended(revisions[2], 1);
        _compactor.SnapshotWritten(1);
        _compactor.Appended(revisions[2], 1);
        await AssertCompactedAsync(revisions[0]);
        await AssertReadableAsync(revisions[1]);
    }

    [Test]
    public async Task Appended_OnlyOnce_DoesNothing()
    {
        var log = OpenLog(8, _compactor);
        _compactor.SnapshotWritten(1);
        await TakeOverAsync(log, ShardHead.None);
        Assert.That(_compactor.Compacting, Is.SameAs(Task.CompletedTask), "no append precedes the last one");
    }

    private async Task<long> RevisionAsync() => (await ReadAsync(0)).Header.Revision;

    private async Task AssertCompactedAsync(long revision)
    {
        await TestWait.ForAsync(_compactor.Compacting);
        Assert.That(_compactor.Error, Is.Null);
        Assert.That(() => ReadAsync(revision),
            Throws.TypeOf<LogUnavailableException>().With.Message.Contains("compacted"));
    }

    private async Task AssertReadableAsync(long revision) =>
        Assert.That((await ReadAsync(revision)).Header, Is.Not.Null);

    private Task<RangeResponse> ReadAsync(long revision)
    {
        var request = new RangeRequest { Key = new EtcdKeys(_connection.Options.Name, 0).Head, Revision = revision };
        return _connection.ReadAsync(
            (etcd, options) => etcd.Kv.RangeAsync(request, options).ResponseAsync, default);
    }
}
