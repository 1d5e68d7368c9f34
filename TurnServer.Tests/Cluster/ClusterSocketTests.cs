using TurnServer.Http;
using TurnServer.Http.WebSockets;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster;

/// <summary>WebSockets to the servers of one cluster in this process.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ClusterSocketTests
{
    private readonly TestCluster _cluster = new(TimeProvider.System);
    private TestServer _owner = null!;
    private TestServer _standby = null!;
    private FrontFixture _front = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _owner = _cluster.Start("one");
        await _owner.UntilOwnerAsync();
        _standby = _cluster.Start("two");
        await _standby.UntilFollowingAsync();
        _front = await FrontFixture.StartAsync(new HttpOptions(), _standby.Gateway);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _front.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Test]
    public async Task A_WebSocket_to_a_standby_plays_and_goes_on_when_the_owner_dies()
    {
        await using var socket = await RawWebSocket.ConnectAsync(_front.Port);
        var (ann, bob) = await SocketGames.StartAsync(socket, "Standby");
        Assert.That(await socket.AskAsync($"6,first,{ann},0"), Is.EqualTo("0/10/*"));
        _owner.Kill();
        await _standby.UntilOwnerAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await socket.AskAsync($"6,second,{ann},1"), Is.EqualTo("0/10/*"));
            Assert.That(await socket.AskAsync($"6,,{bob},0"), Is.EqualTo("0/9/first|second"));
        }

        Assert.That(_front.Statistics.WebSockets.Accepted, Is.EqualTo(1), "on the same connection");
    }

    [Test]
    public async Task A_held_reply_survives_the_owner()
    {
        await using var socket = await RawWebSocket.ConnectAsync(_front.Port);
        var (ann, bob) = await SocketGames.StartAsync(socket, "Held");
        await socket.SendAsync($"900;wait=60 6,,{bob},0");
        await TestWait.UntilAsync(async () => (await _owner.Overview.GetStatisticsAsync()).HeldReplies == 1,
            "it is held");
        _owner.Kill();
        await _standby.UntilOwnerAsync();
        // The owner that died answers nothing; as its link breaks, the request is asked again.
        _owner.Access.Thaw();
        await TestWait.UntilAsync(async () => (await _standby.Overview.GetStatisticsAsync()).HeldReplies == 1,
            "it is held again");
        await _standby.AskAsync($"6,news,{ann},0");
        Assert.That(await socket.ReadAsync(), Does.Match("^900;wait=[0-9]+;.*/news$"));
    }

    [Test]
    public async Task A_request_whose_outcome_is_unknown_ends_its_connection()
    {
        await using var socket = await RawWebSocket.ConnectAsync(_front.Port);
        _owner.Access.Freeze();
        var players = (await _owner.Overview.GetStatisticsAsync()).Table.Players;
        await socket.SendAsync("1 0,bob,*,*,*");
        await TestWait.UntilAsync(async () => (await _owner.Overview.GetStatisticsAsync()).Table.Players > players,
            "the owner has applied it");
        _cluster.Store.RemoveMember(_owner.Id);
        await _standby.UntilOwnerAsync();
        _owner.Access.Thaw();
        Assert.That(await socket.ReadFrameAsync(), Is.Null);
        await _front.UntilEndedAsync(SocketEnd.UnknownOutcome);
        await using var again = await RawWebSocket.ConnectAsync(_front.Port);
        Assert.That(await again.AskAsync("0,bob,*,*,*"), Does.StartWith("0/0/"));
    }
}
