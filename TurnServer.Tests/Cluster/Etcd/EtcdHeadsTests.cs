using System.Globalization;
using Etcdserverpb;
using Google.Protobuf;
using Mvccpb;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

/// <summary>What servers with many shards ask etcd in one request.</summary>
internal sealed class EtcdHeadsTests : EtcdFixture
{
    private const int GameShards = 32;
    private const int Questions = 100;

    // One, unless the machine is so busy that not all are asked for in time.
    private const int RequestsMax = GameShards / 2;

    private static readonly ByteString Key = ByteString.CopyFromUtf8("/test/shard/1");

    private EtcdHeads _heads = null!;
    private EtcdShardLog[] _logs = [];

    [SetUp]
    public void Open()
    {
        var connection = Connect();
        _heads = new EtcdHeads(connection);
        _logs = [.. Enumerable.Range(0, GameShards + 1).Select(number => new EtcdShardLog(connection,
            new EtcdCompactor(connection), new ShardRole(number, GameShards), heads: _heads))];
    }

    [TearDown]
    public async Task CloseAsync() => await _heads.DisposeAsync();

    [Test]
    public async Task ReadHead_AllShardsAtOnce_EachItsOwnByFewRequests()
    {
        var expected = new List<ShardHead>();
        foreach (var log in _logs.SkipLast(1))
            expected.Add(await AppendAsync(log, await TakeOverAsync(log, ShardHead.None), log.Role.Number));
        expected.Add(ShardHead.None);
        var before = await CountReadsAsync();
        var heads = await Task.WhenAll(_logs.Select(log => log.ReadHeadAsync(default)));
        Assert.That(heads, Is.EqualTo(expected));
        Assert.That(await CountReadsAsync() - before, Is.InRange(1, RequestsMax));
    }

    // What etcd answers to that one may be from before.
    [Test]
    public async Task Read_WhileARequestIsUnderWay_IsAnotherOne()
    {
        var replies = new[] { new TaskCompletionSource<RangeResponse>(), new TaskCompletionSource<RangeResponse>() };
        var requests = 0;
        await using var heads = new EtcdHeads(_ => replies[requests++].Task);
        var first = heads.ReadAsync(Key, default);
        await TestWait.UntilAsync(() => requests == 1, "the first request is under way");
        var second = heads.ReadAsync(Key, default);
        await TestWait.UntilAsync(() => requests == 2, "there is a second one");
        var now = ByteString.CopyFromUtf8("1 1 a");
        replies[1].SetResult(new RangeResponse { Kvs = { new KeyValue { Key = Key, Value = now } } });
        replies[0].SetResult(new RangeResponse());
        Assert.That(await second, Is.EqualTo(now));
        Assert.That(await first, Is.Null);
    }

    [Test]
    public async Task ReadHead_OneIsStopped_TheOthersGoOn()
    {
        using var stop = new CancellationTokenSource();
        var reply = new TaskCompletionSource<RangeResponse>();
        await using var heads = new EtcdHeads(_ => reply.Task);
        var stopped = heads.ReadAsync(Key, stop.Token);
        var other = heads.ReadAsync(Key, default);
        await stop.CancelAsync();
        Assert.That(() => stopped, Throws.InstanceOf<OperationCanceledException>());
        reply.SetResult(new RangeResponse());
        Assert.That(await other, Is.Null);
    }

    [Test]
    public async Task ReadHead_Disposed_IsCanceled()
    {
        var heads = new EtcdHeads(async stop =>
        {
            await Task.Delay(Timeout.Infinite, stop);
            return new RangeResponse();
        });
        var reading = heads.ReadAsync(Key, default);
        await heads.DisposeAsync();
        Assert.That(() => reading, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task Probe_ManyWatches_IsOneRequest()
    {
        var connection = Connect();
        var before = await CountReadsAsync();
        for (var count = 0; count < Questions; count++)
            await connection.ProbeAsync(connection.Current, default);
        Assert.That(await CountReadsAsync() - before, Is.EqualTo(1));
    }

    private async Task<int> CountReadsAsync()
    {
        using var http = new HttpClient();
        var metrics = await http.GetStringAsync(new Uri(Cluster.AddressOf(0), "metrics"));
        const string Reads = "grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"Range\"";
        var line = metrics.Split('\n').Single(line => line.StartsWith(Reads, StringComparison.Ordinal));
        return int.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture);
    }
}
