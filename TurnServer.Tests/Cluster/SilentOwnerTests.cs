using TurnServer.Cluster;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster;

/// <summary>
/// An owner that is cut off stays registered for as long as etcd takes to elect a leader and to let leases run out: up
/// to 9 s. Found by <c>bench cluster-faults</c>.
/// </summary>
internal sealed class SilentOwnerTests
{
    private readonly ShiftedClock _clock = new();
    private TestCluster _cluster = null!;

    [SetUp]
    public void SetUp() => _cluster = new TestCluster(_clock);

    [TearDown]
    public async Task StopAsync() => await _cluster.DisposeAsync();

    [Test]
    public async Task A_silent_owner_that_appends_nothing_is_replaced_although_it_is_registered()
    {
        var (owner, standby) = await StartAsync();
        owner.Access.Freeze();
        _clock.Shift += TimeSpan.FromSeconds(3);
        standby.Node.Lobby.Signs.NoteSilent(standby.Node.Lobby.Route.Owner!.Id);
        await standby.UntilOwnerAsync();
        Assert.That(standby.Overview.GetStatus().TakeOvers[^1].Cause, Is.EqualTo("owner silent"));
    }

    [Test]
    public async Task A_silent_owner_that_goes_on_appending_is_not_replaced()
    {
        var (owner, standby) = await StartAsync();
        _clock.Shift += TimeSpan.FromSeconds(3);
        await owner.AskAsync("0,ann,*,*,token");
        await standby.UntilFollowingAsync();
        standby.Node.Lobby.Signs.NoteSilent(standby.Node.Lobby.Route.Owner!.Id);
        await owner.AskAsync("0,bob,*,*,token");
        await standby.UntilFollowingAsync();
        Assert.That((owner.IsOwner, standby.IsOwner), Is.EqualTo((true, false)));
    }

    private async Task<(TestServer Owner, TestServer Standby)> StartAsync()
    {
        var owner = _cluster.Start("one");
        await owner.UntilOwnerAsync();
        var standby = _cluster.Start("two");
        await standby.UntilFollowingAsync();
        return (owner, standby);
    }
}
