using TurnServer.Admin.Status;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster;

/// <summary>What each server of a cluster with shards shows of the whole.</summary>
public sealed class ClusterOverviewTests
{
    private const int GameShards = 4;
    private const int Games = 8;

    private TestCluster _cluster = null!;
    private TestServer[] _servers = [];

    [SetUp]
    public async Task PlayAsync()
    {
        _cluster = new TestCluster(TimeProvider.System, GameShards);
        var first = _cluster.Start("one");
        await TestWait.UntilAsync(() => first.Owned == GameShards + 1, "the first server owns everything");
        _servers = [first, _cluster.Start("two")];
        await _cluster.UntilPlacedAsync(_servers);
        for (var game = 0; game < Games; game++)
        {
            var (ann, bob) = await ClusterGame.StartAsync(body => first.AskAsync(body), $"{game}");
            await first.AskAsync($"6,a,{ann},0");
            await first.AskAsync($"6,b,{bob},0");
        }
    }

    [TearDown]
    public async Task StopAsync() => await _cluster.DisposeAsync();

    [Test]
    public async Task Each_server_shows_the_sums_of_all_shards()
    {
        foreach (var server in _servers)
        {
            await TestWait.UntilAsync(async () => (await server.Overview.GetStatisticsAsync()).Table
                is { Games: Games, GamesStarted: Games, Turns: 2 * Games, Players: 0, Registrations: 2 * Games },
                $"{server.Id} shows all games");
        }
    }

    [Test]
    public async Task Each_server_shows_the_same_shards()
    {
        foreach (var server in _servers)
        {
            await TestWait.UntilAsync(async () =>
            {
                await server.Overview.GetStatisticsAsync();
                return server.Overview.GetStatus().Shards.Sum(shard => shard.Load?.Turns) == 2 * Games;
            }, $"{server.Id} knows all loads");
            var status = server.Overview.GetStatus();
            Assert.That(status.Shards.Select(shard => shard.Owner),
                Is.EqualTo(_cluster.Stores.Select(store => store.Head.Owner)));
            Assert.That(status.Members.Sum(member => member.Shards), Is.EqualTo(GameShards + 1));
            Assert.That(status.Role, Is.EqualTo($"owns {server.Owned} of {GameShards + 1} shards"));
            Assert.That(status.Epoch, Is.EqualTo(_cluster.Stores.Sum(store => store.Head.Epoch)));
            Assert.That(status.TakeOvers.Select(move => (move.Shard, move.Owner)),
                Is.SupersetOf(_cluster.Stores.Select(store => (store.Role.Number, store.Head.Owner))));
            Assert.That(status.Problem, Is.Null);
        }
    }

    // Each of two servers owns or follows every shard.
    [Test]
    public async Task A_search_finds_players_in_all_shards()
    {
        foreach (var server in _servers)
        {
            using var search = new RegistrySearch(server.Overview, TimeProvider.System);
            TableMatches? found = null;
            await TestWait.UntilAsync(async () => (found = await search.FindAsync("", 5)) is { GamesMatching: Games },
                $"{server.Id} finds all games");
            Assert.That(found!.View.Games, Has.Count.EqualTo(5));
            await TestWait.UntilAsync(async () => (found = await search.FindAsync("ann3", 5)) is { GamesMatching: 1 },
                $"{server.Id} finds one game");
        }
    }

    [Test]
    public async Task What_a_server_that_has_died_reported_is_not_counted_twice()
    {
        var (dying, other) = (_servers[0], _servers[1]);
        await TestWait.UntilAsync(async () => (await other.Overview.GetStatisticsAsync()).Table.Turns == 2 * Games,
            "it shows all turns");
        dying.Kill();
        await TestWait.UntilAsync(async () =>
        {
            Assert.That((await other.Overview.GetStatisticsAsync()).Table.Turns, Is.EqualTo(2 * Games), "at any time");
            return other.Owned == GameShards + 1;
        }, "it owns everything");
        Assert.That((await other.Overview.GetStatisticsAsync()).Table.Turns, Is.EqualTo(2 * Games));
    }
}
