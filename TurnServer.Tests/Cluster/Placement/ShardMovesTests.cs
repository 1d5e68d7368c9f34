using TurnServer.Cluster;
using TurnServer.Cluster.Placement;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Placement;

/// <summary>Shards on their way between servers that come and go.</summary>
public sealed class ShardMovesTests
{
    private const int GameShards = 8;
    private const int Shards = GameShards + 1;

    private static readonly TimeSpan TurnPause = TimeSpan.FromMilliseconds(50);

    private TestCluster _cluster = null!;

    [SetUp]
    public void Create() => _cluster = new TestCluster(TimeProvider.System, GameShards);

    [TearDown]
    public async Task StopAsync() => await _cluster.DisposeAsync();

    [Test]
    public async Task A_server_that_comes_takes_its_shards_one_after_the_other()
    {
        var one = await StartFirstAsync();
        var two = _cluster.Start("two");
        await _cluster.UntilPlacedAsync(one, two);
        var moved = two.Owned;
        Assert.That(moved, Is.InRange(1, GameShards));
        Assert.That(_cluster.Stores.Sum(store => store.Head.Epoch), Is.EqualTo(Shards + moved), "each moved once");
        Assert.That(two.AskedAtOnce, Is.EqualTo(1));
    }

    [Test]
    public async Task A_third_server_is_given_shards_that_two_others_read()
    {
        var one = await StartFirstAsync();
        var two = _cluster.Start("two");
        await _cluster.UntilPlacedAsync(one, two);
        var three = _cluster.Start("three");
        await _cluster.UntilPlacedAsync(one, two, three);
        foreach (var server in (TestServer[])[one, two, three])
        {
            await TestWait.UntilAsync(() => server.Node.Shards.All(shard => shard.IsFollowing
                == Rendezvous.Rank(shard.Role.Number, _cluster.Store.Members).Take(2).Any(at => at.Id == server.Id)),
                "only those follow who are to");
        }
    }

    [Test]
    public async Task A_server_that_stops_is_relieved_of_its_shards()
    {
        var one = await StartFirstAsync();
        var two = _cluster.Start("two");
        await _cluster.UntilPlacedAsync(one, two);
        var before = _cluster.Stores.Sum(store => store.Head.Epoch);
        var left = one.Owned;
        await TestWait.ForAsync(one.Node.HandOverAsync());
        Assert.That(one.Owned, Is.Zero);
        await TestWait.UntilAsync(() => two.Owned == Shards, "the other one owns everything");
        Assert.That(_cluster.Stores.Sum(store => store.Head.Epoch) - before, Is.EqualTo(left), "each moved once");
        Assert.That(two.AskedAtOnce, Is.EqualTo(1));
        await TestWait.UntilAsync(() => _cluster.Store.Members.Count == 1, "it is not registered any more");
    }

    [Test]
    public async Task A_server_that_stops_is_relieved_by_one_that_has_just_come()
    {
        await using var cluster = new TestCluster(TimeProvider.System, GameShards)
        {
            SettlingTime = TimeSpan.FromHours(1),
        };
        var one = cluster.Start("one");
        await TestWait.UntilAsync(() => one.Owned == Shards, "the first server owns everything");
        var two = cluster.Start("two");
        await TestWait.UntilAsync(() => two.Node.Shards.All(shard => shard.IsCaughtUp), "the second has read all logs");
        Assert.That(two.AskedAtOnce, Is.Zero, "it is too new");
        await TestWait.ForAsync(one.Node.HandOverAsync());
        Assert.That(two.AskedAtOnce, Is.EqualTo(1), "it takes shards when it asks for them");
        await TestWait.UntilAsync(() => two.Owned == Shards, "the second server owns everything");
    }

    [Test]
    public async Task The_last_server_hands_over_at_once()
    {
        var one = await StartFirstAsync();
        await TestWait.ForAsync(one.Node.HandOverAsync());
        Assert.That(_cluster.Stores.Select(store => store.Head.Owner), Is.All.Null);
        var two = _cluster.Start("two");
        await TestWait.UntilAsync(() => two.Owned == Shards, "the next one owns everything");
    }

    [Test]
    public async Task What_the_others_cannot_take_is_handed_over_all_the_same()
    {
        var one = await StartFirstAsync();
        // Its stores do not answer it, so that it reads nothing.
        _cluster.Start("two", isFrozen: true);
        await TestWait.UntilAsync(() => _cluster.Store.Members.Count == 2, "both are registered");
        await TestWait.ForAsync(one.Node.HandOverAsync());
        Assert.That(_cluster.Stores.Select(store => store.Head.Owner), Is.All.Null);
    }

    [Test]
    public async Task A_server_that_is_not_to_have_a_shard_is_not_given_it()
    {
        var one = await StartFirstAsync();
        var two = _cluster.Start("two");
        await _cluster.UntilPlacedAsync(one, two);
        foreach (var shard in one.Node.Shards.Where(shard => shard.Route.Here is not null))
            Assert.That(await one.Node.TryHandOverAsync(shard.Role.Number, two.Id), Is.False);
        Assert.That(one.Owned + two.Owned, Is.EqualTo(Shards));
    }

    [Test]
    public async Task Games_go_on_while_shards_move()
    {
        var one = await StartFirstAsync();
        var games = new List<(string Ann, string Bob)>();
        for (var game = 0; game < GameShards; game++)
            games.Add(await SeatPair.StartAsync(body => one.AskAsync(body), $"{game}"));
        var playing = games.Select(game => PlayUntilAsync(one, game, turn => turn >= 20 && one.Owned == 0)).ToList();
        var two = _cluster.Start("two");
        await _cluster.UntilPlacedAsync(one, two);
        await TestWait.ForAsync(one.Node.HandOverAsync());
        await TestWait.ForAsync(Task.WhenAll(playing));
    }

    // Slowly: the logs keep few batches, and snapshots are written once a second.
    private static async Task PlayUntilAsync(TestServer server, (string Ann, string Bob) game, Func<int, bool> isOver)
    {
        for (var turn = 0; !isOver(turn); turn++)
        {
            await Task.Delay(TurnPause);
            var reply = await server.AskAsync($"6,a{turn},{game.Ann},{turn}");
            Assert.That(reply, Is.EqualTo(turn == 0 ? "0/10/*" : $"0/9/b{turn - 1}"));
            Assert.That(await server.AskAsync($"6,b{turn},{game.Bob},{turn}"), Is.EqualTo($"0/9/a{turn}"));
        }
    }

    private async Task<TestServer> StartFirstAsync()
    {
        var one = _cluster.Start("one");
        await TestWait.UntilAsync(() => one.Owned == Shards, "the first server owns everything");
        return one;
    }
}
