using System.Diagnostics;
using TurnServer.Actor;
using TurnServer.Cluster;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster;

/// <summary>
/// A server that is cut off from the others, but not from its players, has them ask another server: a held reply would
/// come when its time is over, and what the partner has sent meanwhile is not in it. Found by
/// <c>bench cluster-faults</c>.
/// </summary>
internal sealed class CutOffServerTests
{
    private const int WaitSeconds = 50;

    private readonly ShiftedClock _clock = new();
    private TestCluster _cluster = null!;
    private TestServer[] _servers = [];

    private TestServer Owner => _servers[0];

    [SetUp]
    public async Task StartAsync()
    {
        _cluster = new TestCluster(_clock);
        _servers = [_cluster.Start("one")];
        await Owner.UntilOwnerAsync();
    }

    [TearDown]
    public async Task StopAsync() => await _cluster.DisposeAsync();

    [Test]
    public async Task An_owner_that_does_not_reach_the_log_gives_up_held_replies_until_it_does()
    {
        var key = (await Owner.AskAsync("0,ann,*,*,token"))["0/0/".Length..];
        var held = Owner.AskAsync($"2,*,{key},*,*", WaitSeconds);
        Owner.Access.IsCutOff = true;
        _clock.Shift += TimeSpan.FromSeconds(4);
        Assert.That(async () => await TestWait.ForAsync(held), Throws.TypeOf<OutcomeUnknownException>());
        Owner.Access.IsCutOff = false;
        await TestWait.UntilAsync(() => !Owner.Node.Lobby.IsCutOff, "it reaches the log");
        Assert.That(await Owner.AskAsync($"2,*,{key},*,*", 1), Is.EqualTo("0/2/*"), "held again");
    }

    [Test]
    public async Task A_REGISTER_without_a_token_waits_for_the_log_as_it_must_not_be_repeated()
    {
        Owner.Access.IsCutOff = true;
        var request = Owner.AskAsync("0,ann,*,*,*");
        _clock.Shift += TimeSpan.FromSeconds(4);
        await TestWait.UntilAsync(() => Owner.Node.Lobby.IsCutOff, "it is cut off");
        Assert.That(request.IsCompleted, Is.False);
        Owner.Access.IsCutOff = false;
        Assert.That(await TestWait.ForAsync(request), Does.StartWith("0/0/"));
    }

    [Test]
    public async Task An_owner_that_does_not_reach_the_log_refuses_what_comes_then()
    {
        Owner.Access.IsCutOff = true;
        _clock.Shift += TimeSpan.FromSeconds(4);
        await TestWait.UntilAsync(() => Owner.Node.Lobby.IsCutOff, "it is cut off");
        foreach (var request in new[] { "0,ann,*,*,token", "0,ann,*,*,*", "2,*,1,*,*" })
            Assert.That(await TestWait.ForAsync(Owner.AskAsync(request)), Is.EqualTo("23/*/*"));
    }

    [Test]
    public async Task A_server_that_has_lost_the_owner_refuses_what_that_cannot_have_taken()
    {
        var standby = await StartStandbyAsync();
        Owner.IsUnreachable = true;
        var startedAt = Stopwatch.GetTimestamp();
        var reply = await TestWait.ForAsync(standby.AskAsync("0,ann,*,*,token"));
        Assert.That(reply, Is.EqualTo("23/*/*"));
        Assert.That(Stopwatch.GetElapsedTime(startedAt), Is.LessThan(ClusterGateway.OwnerTimeout));
    }

    [Test]
    public async Task A_server_that_has_lost_the_owner_leaves_open_what_that_may_have_taken()
    {
        var standby = await StartStandbyAsync();
        var gateway = new ClusterGateway(standby.Node, (_, _) => new ValueTask<ForwardAnswer>(ForwardAnswer.Unknown),
            _clock);
        var startedAt = Stopwatch.GetTimestamp();
        var asking = gateway.AskAsync("0,ann,*,*,token"u8.ToArray(), null, 0, ClientAddress.OfBits(1)).AsTask();
        Assert.That(async () => await TestWait.ForAsync(asking), Throws.TypeOf<OutcomeUnknownException>());
        Assert.That(Stopwatch.GetElapsedTime(startedAt), Is.LessThan(ClusterGateway.OwnerTimeout));
    }

    private async Task<TestServer> StartStandbyAsync()
    {
        var standby = _cluster.Start("two");
        await standby.UntilFollowingAsync();
        standby.Node.Lobby.IsOwnerLost = () => true;
        return standby;
    }
}
