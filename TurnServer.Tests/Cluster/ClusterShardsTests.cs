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
        await TestWait.UntilAsync(() => first.Owned == GameShards + 1, "the first server owns everything");
        _servers = [first, _cluster.Start("two")];
        await _cluster.UntilPlacedAsync(_servers);
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

        Assert.That(other.Owned, Is.EqualTo(GameShards + 1));
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
        await TestWait.UntilAsync(() => Two.Owned == GameShards + 1, "the second server owns everything");
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

    private static int GamesOf(TestServer server) => server.Node.Shards
        .Count(shard => shard.Role.Number > 0 && shard.Route.Here is not null && shard.Position > 2);

    private TestServer Server(int number) => number % 2 == 0 ? One : Two;

    // Requests go to the two servers in turn, or all to one.
    private async Task<(string Ann, string Bob)> StartGameAsync(int game, TestServer? server = null)
    {
        var asked = 0;
        return await ClusterGame.StartAsync(body => (server ?? Server(asked++ + game)).AskAsync(body), $"{game}");
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
