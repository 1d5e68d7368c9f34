using Microsoft.Extensions.Time.Testing;
using TurnServer.Cluster;
using TurnServer.Cluster.Link;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster;

/// <summary>Several shards whose owners are other servers: one link to each server, and signs for all of its shards.
/// </summary>
internal sealed class NodeLinksOfShardsTests
{
    private const int EstablishedId = 80;
    private const int LostId = 81;
    private const int AcceptedId = 82;
    private const int FromLostId = 83;

    private readonly FakeTimeProvider _clock = new();
    private LinkFixture _one = null!;
    private LinkFixture _two = null!;
    private RecordingLog _log = null!;
    private NodeLinks _links = null!;
    private Shard _a = null!;
    private Shard _b = null!;
    private Shard _c = null!;

    [SetUp]
    public void SetUp()
    {
        _one = new LinkFixture();
        _two = new LinkFixture();
        _log = new RecordingLog();
        _links = new NodeLinks("standby", _clock, _log);
        (_a, _b, _c) = (CreateShard(), CreateShard(), CreateShard());
    }

    [TearDown]
    public async Task DisposeAsync()
    {
        _links.Dispose();
        await _one.DisposeAsync();
        await _two.DisposeAsync();
    }

    [Test]
    public async Task Connect_ShardsWithTheSameOwner_ShareOneConnection()
    {
        await LinkAsync(_one, _a, _b);
        _c.Link.Connect(One);
        Assert.That(_c.Link.IsConnected);
        await AskAsync(_one, One);
        Assert.That((Count(_one.Log, AcceptedId), Count(_log, EstablishedId)), Is.EqualTo((1, 1)));
    }

    [Test]
    public async Task Connect_ShardMovesToAnotherOwner_LeavesTheLinkOfTheOtherShard()
    {
        await LinkAsync(_one, _a, _b);
        await LinkAsync(_two, _b);
        Assert.That(_a.Link.IsConnected);
        await AskAsync(_one, One);
        await AskAsync(_two, Two);
        Assert.That((Count(_log, EstablishedId), Count(_log, LostId)), Is.EqualTo((2, 0)));
    }

    [Test]
    public async Task Connect_LastShardMovesAway_ClosesTheLink()
    {
        await LinkAsync(_one, _a, _b);
        var asking = _links.AskAsync(One, LinkFixture.Request("a")).AsTask();
        await _one.UntilHeldAsync(1);
        _a.Link.Connect(null);
        Assert.That((_a.Link.IsConnected, _b.Link.IsConnected), Is.EqualTo((false, true)));
        await LinkAsync(_two, _b);
        Assert.That((await TestWait.ForAsync(asking)).Outcome, Is.EqualTo(ForwardOutcome.Unknown));
        await _one.UntilLoggedAsync(FromLostId, "standby");
        Assert.That(await AskOutcomeAsync(One), Is.EqualTo(ForwardOutcome.NotTaken));
        Assert.That((Count(_log, EstablishedId), Count(_log, LostId)), Is.EqualTo((2, 0)));
        _one.Held[0].Source.SetResult(LinkFixture.Reply("late"));
    }

    [Test]
    public async Task Connect_OwnerAgainAfterTheLinkWasClosed_LinksAgain()
    {
        await LinkAsync(_one, _a);
        _a.Link.Connect(null);
        await _one.UntilLoggedAsync(FromLostId, "standby");
        await LinkAsync(_one, _a);
        await AskAsync(_one, One);
        Assert.That(Count(_log, EstablishedId), Is.EqualTo(2));
    }

    [Test]
    public async Task AskAsync_ServerThatOwnsNoShard_NotTaken()
    {
        await LinkAsync(_one, _a);
        var asking = _links.AskAsync(Two, LinkFixture.Request("a"));
        Assert.That(asking.IsCompleted);
        Assert.That((await asking).Outcome, Is.EqualTo(ForwardOutcome.NotTaken));
        Assert.That(Count(_log, EstablishedId), Is.EqualTo(1));
    }

    [Test]
    public async Task Signs_ServerRefuses_AllItsShardsAreTold_AndNoOther()
    {
        await LinkAsync(_one, _a, _b);
        await LinkAsync(_two, _c);
        await _one.Server.DisposeAsync();
        await UntilCauseAsync(TakeOverCause.OwnerRefusing, _a, _b);
        Assert.That(_c.CauseFor("one"), Is.Null);
    }

    [Test]
    public async Task Signs_ShardOfAServerThatHasBeenRefusing_IsTold()
    {
        await LinkAsync(_one, _a);
        await _one.Server.DisposeAsync();
        await UntilCauseAsync(TakeOverCause.OwnerRefusing, _a);
        _b.Link.Connect(One);
        await UntilCauseAsync(TakeOverCause.OwnerRefusing, _b);
    }

    [Test]
    public async Task Signs_ShardOfAServerThatHadBeenRefusing_IsToldThatItIsAlive()
    {
        await LinkAsync(_one, _a);
        _b.Signs.NoteRefusing("one");
        Assert.That(_b.CauseFor("one"), Is.EqualTo(TakeOverCause.OwnerRefusing));
        _b.Link.Connect(One);
        Assert.That(_b.CauseFor("one"), Is.Null);
    }

    [Test]
    public async Task Signs_ServerIsSilent_AllItsShardsAreTold_AndThoseThatComeLater_AndNoOther()
    {
        using var silent = new RawLinkServer();
        var member = ClusterPieces.Member("one", silent.Address);
        _a.Link.Connect(member);
        _b.Link.Connect(member);
        // A server that has never been reached is not called silent.
        using var unknown = new RawLinkServer();
        _c.Link.Connect(ClusterPieces.Member("two", unknown.Address));
        using var raw = await silent.AcceptAsync();
        Assert.That((await raw.ReceiveAsync())?.Type, Is.EqualTo(LinkFrameType.Hello));
        await raw.SendAsync(LinkFrames.Welcome());
        await TestWait.UntilAsync(() => _a.Link.IsConnected, "the link is connected");
        await UntilCauseAsync(TakeOverCause.OwnerSilent, _a, _b);
        Assert.That((_c.CauseFor("one"), _c.CauseFor("two")), Is.EqualTo(((string?)null, (string?)null)));
        _c.Link.Connect(member);
        await UntilCauseAsync(TakeOverCause.OwnerSilent, _c);
    }

    [Test]
    public async Task IsLost_ServerIsSilent_AfterASecond()
    {
        using var silent = new RawLinkServer();
        _a.Link.Connect(ClusterPieces.Member("one", silent.Address));
        using var raw = await silent.AcceptAsync();
        Assert.That((await raw.ReceiveAsync())?.Type, Is.EqualTo(LinkFrameType.Hello));
        await raw.SendAsync(LinkFrames.Welcome());
        await TestWait.UntilAsync(() => _a.Link.IsConnected, "the link is connected");
        await TestWait.UntilAsync(() =>
        {
            _clock.Advance(LinkLimits.TickInterval);
            return _a.Link.Disconnected is not null;
        }, "its silence is noticed");
        Assert.That(_a.Link.IsLost, Is.False, "whoever takes over needs a moment");
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(_a.Link.IsLost);
        await LinkAsync(_two, _a);
        Assert.That(_a.Link.IsLost, Is.False);
    }

    [Test]
    public async Task IsLost_ProcessIsGone_Never()
    {
        await LinkAsync(_one, _a);
        await _one.Server.DisposeAsync();
        await UntilCauseAsync(TakeOverCause.OwnerRefusing, _a);
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.That(_a.Link.IsLost, Is.False);
    }

    [Test]
    public async Task IsUnreachable_ServerWasLostBeforeItBecameTheOwner_CountsFromThen()
    {
        await LinkAsync(_one, _a);
        await _one.Server.DisposeAsync();
        await TestWait.UntilAsync(() => _a.Link.Disconnected is not null, "the link is lost");
        _clock.Advance(TimeSpan.FromSeconds(5));
        _b.Link.Connect(One);
        Assert.That((_a.Link.IsUnreachable, _b.Link.IsUnreachable), Is.EqualTo((true, false)));
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.That(_b.Link.IsUnreachable);
    }

    private ClusterMember One => Member("one", _one);

    private ClusterMember Two => Member("two", _two);

    private static ClusterMember Member(string id, LinkFixture server) =>
        ClusterPieces.Member(id, server.Address) with { Token = LinkFixture.Token };

    private static int Count(RecordingLog log, int id) => log.Entries.Count(entry => entry.Id == id);

    private Shard CreateShard()
    {
        var signs = new OwnerSigns(_clock);
        signs.SetRegistered(["one", "two"]);
        return new Shard(signs, _links.For(signs));
    }

    private async Task LinkAsync(LinkFixture server, params Shard[] shards)
    {
        foreach (var shard in shards)
            shard.Link.Connect(server == _one ? One : Two);
        await TestWait.UntilAsync(() => shards.All(shard => shard.Link.IsConnected), "the shards are linked");
    }

    private async Task AskAsync(LinkFixture server, ClusterMember member)
    {
        server.Answer = _ => new ValueTask<ForwardAnswer>(LinkFixture.Reply("b"));
        Assert.That(await AskOutcomeAsync(member), Is.EqualTo(ForwardOutcome.Replied));
    }

    private async Task<ForwardOutcome> AskOutcomeAsync(ClusterMember member) =>
        (await TestWait.ForAsync(_links.AskAsync(member, LinkFixture.Request("a")).AsTask())).Outcome;

    // Again and again, as pauses begin when attempts have failed. In steps that no link takes for a freeze.
    private Task UntilCauseAsync(string cause, params Shard[] shards) => TestWait.UntilAsync(() =>
    {
        _clock.Advance(LinkLimits.TickInterval);
        return shards.All(shard => shard.CauseFor("one") == cause);
    }, $"the shards are told: {cause}");

    private sealed record Shard(OwnerSigns Signs, ShardLink Link)
    {
        public string? CauseFor(string owner) => Signs.FindCause(owner, 1, "standby");
    }
}
