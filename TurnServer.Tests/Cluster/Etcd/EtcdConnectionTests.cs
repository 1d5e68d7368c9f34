using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

internal sealed class EtcdConnectionTests : EtcdFixture
{
    private readonly Uri[] _nobody = [new($"http://127.0.0.1:{Ports.Next()}"), new($"http://127.0.0.1:{Ports.Next()}")];

    [Test]
    public void Call_NoServerListens_NamesAllOfThem()
    {
        using var connection = new EtcdConnection(new EtcdOptions { Endpoints = _nobody });
        var log = connection.OpenLog();
        var expected = _nobody.Select(address => $"{address.GetLeftPart(UriPartial.Authority)}: connection refused");
        Assert.That(() => log.ReadHeadAsync(default),
            Throws.TypeOf<LogUnavailableException>().With.Message.EqualTo(string.Join("; ", expected)));
        Assert.That(() => log.TryAppendAsync(ShardHead.None, ShardHead.None.TakenOverBy("a"), default, default),
            Throws.TypeOf<LogUnavailableException>().With.Message.EqualTo(string.Join("; ", expected)));
    }

    [Test]
    public async Task Call_OneServerListens_FindsIt()
    {
        Uri[] addresses = [.. _nobody, Cluster.AddressOf(0)];
        var options = Cluster.PatientOptions with { Endpoints = addresses, Name = "found" };
        using var connection = new EtcdConnection(options);
        var log = connection.OpenLog();
        // Nothing was sent to the others: even an append goes on.
        var head = await TakeOverAsync(log, ShardHead.None);
        Assert.That(connection.Current.Address, Is.EqualTo(connection.Endpoints[2].Address));
        Assert.That(await log.ReadHeadAsync(default), Is.EqualTo(head));
        var status = await EtcdStatus.ReadAsync(connection, default);
        Assert.That(status.Servers.Select(server => server.Error),
            Is.EqualTo(new[] { "connection refused", "connection refused", null }));
    }

    [Test]
    public void Call_UnknownHost_SaysSo()
    {
        var options = new EtcdOptions { Endpoints = [new Uri("http://nobody.invalid:2379")], ReadTimeout = default };
        using var connection = new EtcdConnection(options);
        Assert.That(() => connection.OpenLog().ReadHeadAsync(default),
            Throws.TypeOf<LogUnavailableException>().With.Message.StartsWith("http://nobody.invalid:2379: "));
    }

    [Test]
    public void Call_Stopped_IsCanceled() => Assert.That(
        () => OpenLog().ReadHeadAsync(new CancellationToken(canceled: true)),
        Throws.InstanceOf<OperationCanceledException>());

    [Test]
    public async Task Append_FullDatabase_SaysSo()
    {
        await using var full = await EtcdCluster.StartAsync(1, "--quota-backend-bytes", $"{4 << 20}");
        using var connection = new EtcdConnection(full.PatientOptions);
        var log = connection.OpenLog();
        var head = await TakeOverAsync(log, ShardHead.None);
        async Task FillAsync()
        {
            for (var count = 0; count < 100; count++, head = head.Next())
                await log.TryAppendAsync(head, head.Next(), new byte[LogBatch.BytesMax], default);
        }

        Assert.That(FillAsync, Throws.TypeOf<LogUnavailableException>()
            .With.Message.EqualTo($"{connection.Endpoints[0].Address}: mvcc: database space exceeded")
            .And.Property(nameof(LogUnavailableException.IsFull)).True);
        Assert.That(await log.ReadHeadAsync(default), Is.EqualTo(head).Or.EqualTo(head.Next()));
        await TestWait.UntilAsync(async () => (await EtcdStatus.ReadAsync(connection, default)).Servers[0].Error
            is { } error && error.Contains("NOSPACE", StringComparison.Ordinal), "the alarm is seen");
    }

    [Test]
    public async Task Status_OneServer_LeadsAndSaysItsSize()
    {
        var status = await EtcdStatus.ReadAsync(Connect(), default);
        Assert.That(status.Servers, Has.Count.EqualTo(1));
        Assert.That(status.Servers[0].Address, Is.EqualTo(Cluster.AddressOf(0).GetLeftPart(UriPartial.Authority)));
        Assert.That(status.Servers[0].IsLeader);
        Assert.That(status.Servers[0].Version, Does.StartWith("3."));
        Assert.That(status.Servers[0].Error, Is.Null);
        Assert.That(status.DatabaseBytes, Is.Positive);
        Assert.That(status.IsNearlyFull, Is.False);
    }
}
