using TurnServer.Cluster;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster;

/// <summary>An outage of the store is told once, whatever the number of shards.</summary>
internal sealed class StoreOutagesTests
{
    private const int Stalled = 65;
    private const int Resumed = 66;
    private const int LogUnavailable = 67;
    private const int LogAvailable = 68;
    private const int GameShards = 4;

    private static readonly LogUnavailableException NoAnswer = new("no answer");
    private static readonly LogUnavailableException GoneBack = new("the log has gone back") { HasGoneBack = true };

    private RecordingLog _log = null!;
    private StoreOutages.Outage _outage = null!;

    [SetUp]
    public void SetUp()
    {
        _log = new RecordingLog();
        _outage = new StoreOutages(_log).Following;
    }

    [Test]
    public void Begin_SeveralShards_IsToldOnceAndItsEndWhenItIsOverForAll()
    {
        _outage.Begin(Shard(1), NoAnswer);
        _outage.Begin(Shard(2), NoAnswer);
        _outage.End(Shard(1));
        _outage.Begin(Shard(3), NoAnswer);
        _outage.End(Shard(2));
        Assert.That(_log.Entries.Select(entry => entry.Id), Is.EqualTo((int[])[LogUnavailable]));
        _outage.End(Shard(3));
        _outage.Begin(Shard(1), NoAnswer);
        Assert.That(_log.Entries.Select(entry => entry.Id),
            Is.EqualTo((int[])[LogUnavailable, LogAvailable, LogUnavailable]));
    }

    [Test]
    public void Begin_AnotherReason_IsToldToo()
    {
        _outage.Begin(Shard(1), GoneBack);
        _outage.Begin(Shard(2), NoAnswer);
        _outage.Begin(Shard(3), GoneBack);
        Assert.That(_log.Entries.Select(entry => entry.Text.Split("for now: ")[^1]),
            Is.EqualTo((string[])["shard 1: the log has gone back", "no answer"]));
    }

    [Test]
    public void Begin_OneTableAndTheReasonChanges_IsToldAsItIs()
    {
        _outage.Begin(ShardRole.Whole, NoAnswer);
        _outage.Begin(ShardRole.Whole, GoneBack);
        _outage.End(ShardRole.Whole);
        Assert.That(_log.Entries.Select(entry => entry.Text.Split("for now: ")[^1]),
            Is.EqualTo((string[])["no answer", "the log has gone back", "Follows the log again"]));
    }

    [Test]
    public void Leave_TheLastShard_EndsAnOutageThatHasEndedForOthers([Values] bool hasEndedForOthers)
    {
        _outage.Begin(Shard(1), NoAnswer);
        _outage.Begin(Shard(2), NoAnswer);
        if (hasEndedForOthers)
            _outage.End(Shard(1));
        else
            _outage.Leave(Shard(1));
        _outage.Leave(Shard(2));
        _outage.Leave(Shard(2));
        Assert.That(_log.Entries.Count(entry => entry.Id == LogAvailable), Is.EqualTo(hasEndedForOthers ? 1 : 0));
    }

    // As when the servers' registrations have run out meanwhile, so that shards move.
    [Test]
    public void Leave_AllShards_EndsTheOutageWithTheNextOneThatCan()
    {
        _outage.End(Shard(3));
        _outage.Begin(Shard(1), NoAnswer);
        _outage.Leave(Shard(1));
        Assert.That(_log.Entries.Count(entry => entry.Id == LogAvailable), Is.Zero);
        _outage.End(Shard(2));
        _outage.End(Shard(1));
        Assert.That(_log.Entries.Count(entry => entry.Id == LogAvailable), Is.EqualTo(1));
    }

    [Test]
    public void Leave_OneTable_EndsTheOutageSilently()
    {
        _outage.Begin(ShardRole.Whole, NoAnswer);
        _outage.Leave(ShardRole.Whole);
        _outage.End(ShardRole.Whole);
        Assert.That(_log.Entries.Select(entry => entry.Id), Is.EqualTo((int[])[LogUnavailable]));
    }

    [Test]
    public async Task A_server_with_shards_tells_an_outage_once()
    {
        await using var cluster = new TestCluster(TimeProvider.System, GameShards);
        var one = cluster.Start("one");
        await TestWait.UntilAsync(() => one.Owned == GameShards + 1, "it owns everything");
        var two = cluster.Start("two");
        await cluster.UntilPlacedAsync(one, two);
        await TestWait.UntilAsync(() => two.Node.Shards.All(shard => shard.OwnerId == two.Id || shard.IsCaughtUp),
            "it follows what it does not own");
        var seats = new List<string>();
        for (var game = 0; game < 2 * GameShards; game++)
            seats.Add((await ClusterGame.StartAsync(body => one.AskAsync(body), $"{game}")).Ann);

        SetCutOff(cluster, two, true);
        var turns = seats.Select(seat => one.AskAsync($"6,turn,{seat},0")).ToList();
        await TestWait.UntilAsync(() => Count(two, Stalled) > 0 && Count(two, LogUnavailable) > 0, "it is told");
        await TestWait.UntilAsync(() => two.Node.Shards.All(shard => shard.Problem is not null || !IsBusy(shard)),
            "it concerns all");
        SetCutOff(cluster, two, false);
        await TestWait.UntilAsync(() => Count(two, Resumed) > 0 && Count(two, LogAvailable) > 0, "its end is told");
        await Task.WhenAll(turns);
        using (Assert.EnterMultipleScope())
        {
            foreach (var id in (int[])[Stalled, Resumed, LogUnavailable, LogAvailable])
                Assert.That(Count(two, id), Is.EqualTo(1), $"{id}");
        }

        static bool IsBusy(ClusterShard shard) => shard.Route.Here is not null && shard.Role.Number > 0;
    }

    private static void SetCutOff(TestCluster cluster, TestServer server, bool isCutOff)
    {
        foreach (var access in server.Accesses)
            access.IsCutOff = isCutOff;
        foreach (var store in cluster.Stores)
            store.EndWaits();
    }

    private static int Count(TestServer server, int id) => server.Log.Entries.Count(entry => entry.Id == id);

    private static ShardRole Shard(int number) => new(number, GameShards);
}
