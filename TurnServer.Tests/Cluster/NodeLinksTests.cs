using Microsoft.Extensions.Time.Testing;
using TurnServer.Cluster;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster;

/// <summary>When a server of the cluster says that it cannot reach the owner, so that players go elsewhere.</summary>
internal sealed class NodeLinksTests
{
    private readonly FakeTimeProvider _clock = new();
    private LinkFixture _owner = null!;
    private OwnerSigns _signs = null!;
    private NodeLinks _links = null!;
    private ShardLink _link = null!;

    [SetUp]
    public async Task ConnectAsync()
    {
        _owner = new LinkFixture(_clock);
        _signs = new OwnerSigns(_clock);
        _links = new NodeLinks("standby", _clock, _owner.Log);
        _link = _links.For(_signs);
        _link.Connect(Member("owner"));
        await TestWait.UntilAsync(() => _link.IsConnected, "the link is connected");
    }

    [TearDown]
    public async Task DisposeAsync()
    {
        _links.Dispose();
        await _owner.DisposeAsync();
    }

    [Test]
    public async Task IsUnreachable_OwnerDied_OnlyWhenATakeoverTakesTooLong()
    {
        _signs.NoteAppended();
        await LoseAsync();
        _clock.Advance(TimeSpan.FromSeconds(4.9));
        Assert.That(_link.IsUnreachable, Is.False);
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.That(_link.IsUnreachable);
    }

    [Test]
    public async Task IsUnreachable_OwnerGoesOnAppending_AfterASecond()
    {
        await LoseAsync();
        _clock.Advance(TimeSpan.FromSeconds(0.9));
        _signs.NoteAppended();
        Assert.That(_link.IsUnreachable, Is.False);
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.That(_link.IsUnreachable, Is.False, "it may have died after it appended");
        _signs.NoteAppended();
        Assert.That(_link.IsUnreachable);
    }

    [Test]
    public async Task IsUnreachable_AnotherOwner_CountsFromThen()
    {
        await LoseAsync();
        _clock.Advance(TimeSpan.FromSeconds(10));
        _link.Connect(Member("next"));
        Assert.That(_link.IsUnreachable, Is.False);
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.That(_link.IsUnreachable);
    }

    [Test]
    public async Task IsUnreachable_ThisServerOwns_Never()
    {
        await LoseAsync();
        _link.Connect(null);
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.That(_link.IsUnreachable, Is.False);
    }

    // Waits until the loss is counted, as tests move the clock.
    private async Task LoseAsync()
    {
        await _owner.Server.DisposeAsync();
        await TestWait.UntilAsync(() => _link.Disconnected is not null, "the link is lost");
    }

    private ClusterMember Member(string id) =>
        ClusterPieces.Member(id, _owner.Address) with { Token = LinkFixture.Token };
}
