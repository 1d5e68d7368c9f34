using Microsoft.Extensions.Logging.Abstractions;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

/// <summary>Three servers of etcd, of which some fail.</summary>
[Category("Slow")]
internal sealed class EtcdFailoverTests
{
    // More than are under way at once, and few enough for a slow disk.
    private const int AppendsBetween = 50;

    private EtcdCluster _cluster = null!;

    [SetUp]
    public async Task StartEtcd() => _cluster = await EtcdCluster.StartAsync(3);

    [TearDown]
    public async Task StopEtcd() => await (_cluster?.DisposeAsync() ?? default);

    [Test]
    public async Task Append_LeaderKilledAgainAndAgain_NothingIsLostOrDoubled()
    {
        await using var writer = new Writer(_cluster.Options);
        for (var round = 0; round < 3; round++)
        {
            await writer.WaitForMoreAsync(AppendsBetween);
            var leader = await _cluster.LeaderAsync();
            _cluster.Kill(leader);
            await writer.WaitForMoreAsync(AppendsBetween);
            await _cluster.RestartAsync(leader);
        }

        var last = await writer.StopAsync();
        await AssertAllThereAsync(last);
    }

    [Test]
    public async Task Append_LeaderFrozen_GoesOnAndTheFrozenOneDamagesNothing()
    {
        await using var writer = new Writer(_cluster.Options);
        await writer.WaitForMoreAsync(AppendsBetween);
        var leader = await _cluster.LeaderAsync();
        await _cluster.PauseAsync(leader);
        await writer.WaitForMoreAsync(AppendsBetween);
        _cluster.Resume(leader);
        await writer.WaitForMoreAsync(AppendsBetween);
        await AssertAllThereAsync(await writer.StopAsync());
    }

    [Test]
    public async Task ReadOn_WatchedServerFails_GoesOnWithAnother([Values] bool isLeader, [Values] bool isKilled)
    {
        var leader = await _cluster.LeaderAsync();
        var watched = isLeader ? leader : (leader + 1) % 3;
        await using var follower = new Follower(_cluster.OptionsFrom(watched));
        await using var writer = new Writer(_cluster.OptionsFrom((leader + 2) % 3));
        await follower.WaitForAsync(AppendsBetween);
        if (isKilled)
            _cluster.Kill(watched);
        else
            await _cluster.PauseAsync(watched);
        await follower.WaitForAsync(await writer.WaitForMoreAsync(AppendsBetween));
        if (isKilled)
            await _cluster.RestartAsync(watched);
        else
            _cluster.Resume(watched);
        await follower.WaitForAsync(await writer.StopAsync());
    }

    [Test]
    public async Task ReadOn_NoQuorum_IsUnavailableAndNamesTheServers()
    {
        var leader = await _cluster.LeaderAsync();
        using var connection = new EtcdConnection(_cluster.OptionsFrom(leader));
        var log = connection.OpenLog();
        await log.TryAppendAsync(ShardHead.None, ShardHead.None.TakenOverBy("a"), new byte[1], default);
        using var stop = new CancellationTokenSource(TestWait.Timeout);
        await using var follower = log.ReadOnAsync(0, stop.Token).GetAsyncEnumerator(stop.Token);
        Assert.That(await follower.MoveNextAsync());
        // The watched server lives, and would be silent for ever.
        await _cluster.PauseAsync((leader + 1) % 3);
        _cluster.Kill((leader + 2) % 3);
        var error = await Assert.ThrowsAsync<LogUnavailableException>(() => follower.MoveNextAsync().AsTask());
        Assert.That(error!.Message, Does.Contain($"{connection.Endpoints[0].Address}: ")
            .And.Contain($"{connection.Endpoints[1].Address}: no answer within 1 s")
            .And.Contain($"{connection.Endpoints[2].Address}: connection refused"));
    }

    [Test]
    public async Task Members_LeaderKilledOrFrozen_StayRegistered([Values] bool isKilled)
    {
        using var connection = new EtcdConnection(_cluster.Options);
        var members = new EtcdMembers(connection, NullLogger.Instance);
        var self = ClusterPieces.Member("a", "127.0.0.1:1");
        await using var list = new MemberList(members);
        await using var registration = new Registration(members, self);
        await list.WaitForAsync(known => known is [{ Id: "a" }]);
        var leader = await _cluster.LeaderAsync();
        if (isKilled)
            _cluster.Kill(leader);
        else
            await _cluster.PauseAsync(leader);
        // It must both write and see the change.
        registration.Self = self with { Position = 1 };
        await list.WaitForAsync(known => known is [{ Position: 1 }]);
    }

    private async Task AssertAllThereAsync(long last)
    {
        await using var reader = new Follower(_cluster.Options);
        await reader.WaitForAsync(last);
    }
}
