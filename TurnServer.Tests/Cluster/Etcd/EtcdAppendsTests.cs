using Etcdserverpb;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

/// <summary>Appends to several logs that share a transaction.</summary>
internal sealed class EtcdAppendsTests : EtcdFixture
{
    private const int Shards = 64;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);

    private CountingClock _clock = null!;
    private int _timers;
    private EtcdConnection _connection = null!;
    private EtcdShardLog[] _logs = null!;
    private ShardHead _head;

    // All logs are taken over, and the next append has to wait for the clock.
    [SetUp]
    public async Task TakeOverAsync()
    {
        (_clock, _timers) = (new CountingClock(), 0);
        _connection = Connect(_clock);
        var compactor = new EtcdCompactor(_connection);
        _logs =
        [
            .. Enumerable.Range(1, Shards)
                .Select(shard => new EtcdShardLog(_connection, compactor, new ShardRole(shard, Shards))),
        ];
        _head = ShardHead.None.TakenOverBy("a");
        Assert.That(await TestWait.ForAsync(_logs[0].TryAppendAsync(ShardHead.None, _head, BatchAt(1), default)));
        var takeOvers = _logs.Skip(1).Select(log => log.TryAppendAsync(ShardHead.None, _head, BatchAt(1), default))
            .ToList();
        Assert.That(await WhenAllAsync(takeOvers), Has.All.True);
    }

    [TearDown]
    public void Forget() => _connection.Dispose();

    [Test]
    public async Task TryAppend_AllLogsAtOnce_IsOneTransactionWithAnOutcomeForEach()
    {
        var wrong = _head with { Owner = "b" };
        var before = await RevisionAsync();
        var appends = _logs.Select((log, i) =>
        {
            var expected = i == 3 ? wrong : _head;
            return log.TryAppendAsync(expected, expected.Next(), BatchAt(2), default);
        }).ToList();
        var stored = await WhenAllAsync(appends);
        Assert.That(stored, Is.EqualTo(_logs.Select((_, i) => i != 3)));
        Assert.That(await RevisionAsync(), Is.EqualTo(before + 1));
        Assert.That(await _logs[3].ReadHeadAsync(default), Is.EqualTo(_head));
        Assert.That(await _logs[^1].ReadHeadAsync(default), Is.EqualTo(_head.Next()));
        AssertPositions(await TakeAsync(_logs[^1], 0, 2), from: 1);
    }

    [Test]
    public async Task TryAppend_OneLogTwice_OnlyTheFirstIsStored()
    {
        var appends = new[] { _logs[0], _logs[1], _logs[0], _logs[2] }
            .Select(log => log.TryAppendAsync(_head, _head.Next(), BatchAt(2), default)).ToList();
        Assert.That(await WhenAllAsync(appends), Is.EqualTo(new[] { true, true, false, true }));
    }

    [Test]
    public async Task TryAppend_LargestBatches_AreAllStored()
    {
        var batch = new byte[LogBatch.BytesMax];
        Random.Shared.NextBytes(batch);
        var appends = _logs.Take(9).Select(log => log.TryAppendAsync(_head, _head.Next(), batch, default)).ToList();
        Assert.That(await WhenAllAsync(appends), Has.All.True);
        Assert.That((await TakeAsync(_logs[8], 1, 1))[0].Content.Span.SequenceEqual(batch));
    }

    [Test]
    public async Task TryAppend_GivenUpBeforeItIsSent_IsNotSent()
    {
        using var stop = new CancellationTokenSource();
        var given = _logs[0].TryAppendAsync(_head, _head.Next(), BatchAt(2), stop.Token);
        var other = _logs[1].TryAppendAsync(_head, _head.Next(), BatchAt(2), default);
        await stop.CancelAsync();
        Assert.That(() => TestWait.ForAsync(given), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await WhenAllAsync([other]), Has.All.True);
        Assert.That(await _logs[0].ReadHeadAsync(default), Is.EqualTo(_head));
    }

    [Test]
    public async Task TryAppend_StoreIsGone_IsUnknownForAll()
    {
        var address = new UriBuilder("http", "127.0.0.1", Ports.Next()).Uri;
        using var connection = new EtcdConnection(new EtcdOptions { Endpoints = [address] });
        var compactor = new EtcdCompactor(connection);
        var appends = Enumerable.Range(1, 3)
            .Select(shard => new EtcdShardLog(connection, compactor, new ShardRole(shard, Shards))
                .TryAppendAsync(_head, _head.Next(), BatchAt(2), default)).ToList();
        foreach (var append in appends)
            Assert.That(() => TestWait.ForAsync(append), Throws.TypeOf<LogUnavailableException>());
    }

    // Lets the time go on only while appends wait for that, so that the ones behind them wait again.
    private async Task<bool[]> WhenAllAsync(IReadOnlyList<Task<bool>> appends)
    {
        var all = Task.WhenAll(appends);
        while (!all.IsCompleted)
        {
            await TestWait.UntilAsync(() => all.IsCompleted || _clock.Timers > _timers, "an append waits, or all end");
            if (_clock.Timers == _timers)
                continue;
            _timers++;
            _clock.Advance(Interval);
        }

        return await all;
    }

    private async Task<long> RevisionAsync()
    {
        var request = new RangeRequest { Key = new EtcdKeys(_connection.Options.Name, 0).Head };
        var reply = await _connection.ReadAsync(
            (etcd, options) => etcd.Kv.RangeAsync(request, options).ResponseAsync, default);
        return reply.Header.Revision;
    }
}
