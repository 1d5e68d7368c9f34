using TurnServer.Cluster.Placement;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster;

/// <summary>Players and games spread over shards, which two servers own.</summary>
public sealed class ClusterShardsTests
{
    private const int GameShards = 4;
    private const int Games = 12;
    private const int Turns = 8;

    private TestCluster _cluster = null!;
    private TestServer[] _servers = [];

    private TestServer One => _servers[0];

    private TestServer Two => _servers[1];

    [SetUp]
    public async Task StartAsync()
    {
        _cluster = new TestCluster(TimeProvider.System, GameShards);
        var first = _cluster.Start("one");
        await TestWait.UntilAsync(() => Owned(first) == GameShards + 1, "the first server owns everything");
        _servers = [first, _cluster.Start("two")];
        await UntilPlacedAsync();
    }

    [TearDown]
    public async Task StopAsync() => await _cluster.DisposeAsync();

    [Test]
    public async Task Games_are_played_through_any_server()
    {
        for (var game = 0; game < Games; game++)
            await PlayAsync(await StartGameAsync(game), game);
        Assert.That(new[] { GamesOf(One), GamesOf(Two) }, Is.All.GreaterThan(0));
    }

    [Test]
    public async Task Games_go_on_when_a_server_dies([Values] bool withTheLobby)
    {
        var (dying, other) = withTheLobby ? (One, Two) : (Two, One);
        var games = new List<(string Ann, string Bob)>();
        for (var game = 0; game < Games; game++)
        {
            games.Add(await StartGameAsync(game));
            await other.AskAsync($"6,first,{games[game].Ann},0");
        }

        dying.Kill();
        for (var game = 0; game < Games; game++)
        {
            using (Assert.EnterMultipleScope())
            {
                Assert.That(await other.AskAsync($"6,first,{games[game].Ann},0"), Is.EqualTo("0/11/*"), "once");
                Assert.That(await other.AskAsync($"6,second,{games[game].Ann},1"), Is.EqualTo("0/10/*"));
                Assert.That(await other.AskAsync($"6,,{games[game].Bob},0"), Is.EqualTo("0/9/first|second"));
            }
        }

        Assert.That(Owned(other), Is.EqualTo(GameShards + 1));
        await PlayAsync(await StartGameAsync(Games, other), Games, other);
    }

    [Test]
    public async Task A_game_starts_when_its_shard_has_an_owner_again()
    {
        // Every second game goes to the server that has died.
        Two.Kill();
        for (var game = 0; game < GameShards; game++)
            await PlayAsync(await StartGameAsync(game, One), game, One);
    }

    [Test]
    public async Task What_the_lobby_hands_over_in_order_is_told_by_its_next_owner()
    {
        var games = new List<(string Ann, string Bob)>();
        for (var game = 0; game < Games; game++)
            games.Add(await StartGameAsync(game));
        await One.Node.HandOverAsync();
        await TestWait.UntilAsync(() => Owned(Two) == GameShards + 1, "the second server owns everything");
        foreach (var (ann, _) in games)
            Assert.That(await Two.AskAsync($"6,a,{ann},0"), Is.EqualTo("0/10/*"));
        var statistics = await Two.Overview.GetStatisticsAsync();
        Assert.That(statistics.Table.Players, Is.EqualTo(Games), "half of the registrations have ended");
    }

    [Test]
    public async Task Requests_of_another_kind_of_cluster_are_not_taken()
    {
        var request = new TurnServer.Cluster.ForwardedRequest("2,*,1,*,*"u8.ToArray(), null, 0, default)
        {
            Shard = GameShards + 1,
        };
        Assert.That((await One.Gateway.AnswerAsync(request)).Outcome,
            Is.EqualTo(TurnServer.Cluster.ForwardOutcome.NotTaken));
    }

    // Each shard is where it is to be, and the servers know that.
    private async Task UntilPlacedAsync()
    {
        foreach (var (number, store) in _cluster.Stores.Index())
        {
            var owner = Rendezvous.Rank(number, _cluster.Store.Members)[0].Id;
            await TestWait.UntilAsync(
                () => store.Head.Owner == owner && _servers.All(server => server.Node.Shards[number].OwnerId == owner),
                $"shard {number} is {owner}'s");
        }
    }

    private static int Owned(TestServer server) => server.Node.Shards.Count(shard => shard.Route.Here is not null);

    private static int GamesOf(TestServer server) => server.Node.Shards
        .Count(shard => shard.Role.Number > 0 && shard.Route.Here is not null && shard.Position > 2);

    private TestServer Server(int number) => number % 2 == 0 ? One : Two;

    // Requests go to the two servers in turn, or all to one.
    private async Task<(string Ann, string Bob)> StartGameAsync(int game, TestServer? server = null)
    {
        var asked = 0;
        var ann = (await Ask($"0,ann{game},*,bob{game},*"))[4..];
        var bob = (await Ask($"0,bob{game},*,ann{game},*"))[4..];
        Assert.That(await Ask($"2,*,{ann},*,*"), Does.StartWith("0/3/"));
        await Ask($"3,*,{ann},*,*");
        await Ask($"3,*,{bob},*,*");
        Assert.That(await Ask($"4,*,{ann},*,*"), Is.EqualTo("0/7/*"));
        var bobsSeat = await Ask($"4,*,{bob},*,*");
        var annsSeat = await Ask($"4,*,{ann},*,*");
        Assert.That(bobsSeat, Does.Match("^0/8/[0-9]+[|]0$"));
        Assert.That(annsSeat, Does.Match("^0/8/[0-9]+[|]1$"));
        return (annsSeat[4..].Replace('|', ','), bobsSeat[4..].Replace('|', ','));

        Task<string> Ask(string body) => (server ?? Server(asked++ + game)).AskAsync(body);
    }

    private async Task PlayAsync((string Ann, string Bob) seats, int game, TestServer? server = null)
    {
        for (var turn = 0; turn < Turns; turn++)
        {
            await (server ?? Server(turn)).AskAsync($"6,a{turn},{seats.Ann},{turn}");
            Assert.That(await (server ?? Server(turn + game)).AskAsync($"6,b{turn},{seats.Bob},{turn}"),
                Is.EqualTo($"0/9/a{turn}"));
        }
    }
}
