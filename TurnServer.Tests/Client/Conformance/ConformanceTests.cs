using System.Collections.Concurrent;
using NUnit.Framework.Interfaces;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client.Conformance;

/// <summary>
/// Games of each client against itself and another, through a network and a server that fail. A client in a new
/// language is done when it passes; README.md of TurnServer/Client has the table.
/// </summary>
[Category("Slow"), Parallelizable(ParallelScope.Children)]
internal sealed class ConformanceTests
{
    private const int TurnCount = 1000;

    // Each of eight faults has an eighth of 5 %.
    private const double FaultProbability = 0.05 / 8;

    // A swallowed request costs the sum of the first two.
    private const string Options = "wait=1 replyTimeout=1 patience=60 keepAlive=1 pollInterval=0.1";

    // Alternating play takes one request a turn at least, and bursts share some.
    private const int FaultsMin = 10;

    private readonly ConcurrentDictionary<(string Client, string Script), string> _outcomes = new();

    private static readonly NetworkFault[] Faults =
    [
        NetworkFault.DropRequest, NetworkFault.SwallowRequest, NetworkFault.DropReply, NetworkFault.CutReply,
        NetworkFault.DelayRequest, NetworkFault.DelayReply, NetworkFault.SendTwice, NetworkFault.SendAgainLater,
    ];

    [TearDown]
    public void NoteOutcome()
    {
        if (TestContext.CurrentContext is { Test: { Arguments: [ClientProgram program], MethodName: { } script } } test)
            _outcomes[(program.Name, script)] = test.Result.Outcome.Status == TestStatus.Passed ? "yes" : "no";
    }

    /// <summary>Prints which client passes what, as the page for game developers has it.</summary>
    [OneTimeTearDown]
    public void PrintTable() => TestContext.Progress.Write(ConformanceTable.Compose(
        (client, script) => _outcomes.GetValueOrDefault((client, script), "not run")));

    [Test]
    public void Page_for_game_developers_has_the_table() => Assert.That(
        Repository.Read("TurnServer/Client/README.md"), Does.Contain(ConformanceTable.Compose((_, _) => "yes")));

    [TestCaseSource(typeof(ClientProgram), nameof(ClientProgram.All))]
    public Task Thousand_turns_each_way_arrive_once_and_in_order(ClientProgram program) =>
        PlayThousandAsync(program, Transports.Http);

    [TestCaseSource(typeof(ClientProgram), nameof(ClientProgram.WithWebSockets))]
    public Task Thousand_turns_each_way_arrive_once_and_in_order_over_a_WebSocket(ClientProgram program) =>
        PlayThousandAsync(program, Transports.WebSocket);

    [TestCaseSource(typeof(ClientProgram), nameof(ClientProgram.All))]
    public async Task App_that_is_killed_comes_back_to_its_game(ClientProgram program)
    {
        await using var server = await StartServerAsync();
        await using var proxy = new FaultyProxy(server.Port);
        var faults = new RandomFaults(TestContext.CurrentContext.Random.Next(), FaultProbability, Faults);
        await using var game = await ConformanceGame.StartAsync(program, program, proxy.Url,
            $"{Options} savesEachTurn=1");
        var (ann, bob) = (game.Ann, game.Bob);
        proxy.Plan = faults.Plan;
        await game.PlayAsync(200, KillAnnAsync, KillBothAsync, KillAnnAsync, KillBothAsync, KillAnnAsync);
        Assert.That(ann.KillCount + bob.KillCount, Is.EqualTo(7));

        Task KillAnnAsync() => ann.KillAndResumeAsync();

        async Task KillBothAsync()
        {
            await ann.KillAndResumeAsync();
            await bob.KillAndResumeAsync();
        }
    }

    [TestCaseSource(typeof(ClientProgram), nameof(ClientProgram.All))]
    public async Task Game_that_a_client_has_saved_is_taken_up_by_one_in_another_language(ClientProgram program)
    {
        var other = program.InAnotherLanguage;
        await using var server = await StartServerAsync();
        await using var game = await ConformanceGame.StartAsync(program, other, server.Url,
            $"{Options} savesEachTurn=1");
        await game.BeginAsync(
            () => game.Ann.KillAndResumeAsync(other),
            () => game.Bob.KillAndResumeAsync(program));
        await game.PlayAsync(100, ChangeBackAsync);

        async Task ChangeBackAsync()
        {
            await game.Ann.KillAndResumeAsync(program);
            await game.Bob.KillAndResumeAsync(other);
        }
    }

    [TestCaseSource(typeof(ClientProgram), nameof(ClientProgram.All))]
    public async Task App_that_is_killed_while_it_waits_keeps_its_registration(ClientProgram program)
    {
        await using var server = await StartServerAsync();
        await using var ann = await ConformancePlayer.StartAsync(program, Options);
        ann.Register(server.Url, "Ann", pool: "p");
        var token = await ann.WaitForAsync("registered");
        await ann.KillAsync();
        ann.Register(server.Url, "Ann", pool: "p", token: token);
        Assert.That(await ann.WaitForAsync("registered"), Is.EqualTo(token));
        await using var bob = await ConformancePlayer.StartAsync(program, Options);
        bob.Register(server.Url, "Bob", pool: "p");
        Assert.That(await bob.WaitForAsync("paired"), Is.EqualTo("Ann"));
        string[] seats = [await ann.WaitForAsync("started"), await bob.WaitForAsync("started")];
        Assert.That(seats, Is.EquivalentTo(new[] { "0", "1" }));
    }

    [TestCaseSource(typeof(ClientProgram), nameof(ClientProgram.All))]
    public async Task Partner_that_leaves_ends_the_game_after_its_last_turns(ClientProgram program)
    {
        await using var server = await StartServerAsync();
        await using var game = await ConformanceGame.StartAsync(program, program, server.Url, Options);
        var (ann, bob) = (game.Ann, game.Bob);
        string[] turns = ["one", "two", "three"];
        foreach (var turn in turns)
            await bob.SendNextAsync("post", turns);
        bob.Quit();
        await bob.WaitForAsync("left");
        Assert.That(await ann.WaitForAsync("ended"), Is.EqualTo("partnerLeft"));
        Assert.That(ann.Received, Is.EqualTo(turns));
    }

    [TestCaseSource(typeof(ClientProgram), nameof(ClientProgram.All))]
    public async Task Player_whose_partners_leave_before_the_game_plays_with_the_next(ClientProgram program)
    {
        await using var server = await StartServerAsync();
        await using var proxy = new FaultyProxy(server.Port);
        await using var ann = await ConformancePlayer.StartAsync(program, Options);
        // Before Ann has heard of her partner, when she loads, and while she waits for the partner to be ready.
        using var bob = await EarlyLeaver.RegisterAsync(server.Url, "Bob", proxy, Symbol.RequestPair);
        ann.Register(proxy.Url, "Ann");
        await ann.WaitForAsync("registered");
        await bob.LeaveAsync();
        using var dan = await EarlyLeaver.RegisterAsync(server.Url, "Dan", proxy, Symbol.MapInit);
        await dan.LeaveAsync();
        Assert.That(await ann.TakeAsync("paired"), Is.EqualTo("Dan"));
        using var eve = await EarlyLeaver.RegisterAsync(server.Url, "Eve", proxy, Symbol.MapReady);
        await eve.LeaveAsync();
        Assert.That(await ann.TakeAsync("paired"), Is.EqualTo("Eve"));
        await using var carl = await ConformancePlayer.StartAsync(program, Options);
        using var fay = await EarlyLeaver.RegisterAsync(server.Url, "Fay", proxy, Symbol.MapInit, partner: "Carl");
        carl.Register(proxy.Url, "Carl", partner: "Fay");
        await carl.WaitForAsync("registered");
        await fay.LeaveAsync();
        Assert.That(await carl.TakeAsync("failed"), Is.EqualTo("registrationGone"));
        carl.Register(server.Url, "Carl");
        Assert.That(await ann.TakeAsync("paired"), Is.EqualTo("Carl"));
        await ann.WaitForAsync("started");
        await ann.SendNextAsync("send", ["e2-e4"]);
        await TestWait.UntilAsync(() => carl.ReceivedCount == 1, "the turn arrives");
    }

    [TestCaseSource(typeof(ClientProgram), nameof(ClientProgram.All))]
    public async Task Full_server_and_one_that_is_none_are_told_apart(ClientProgram program)
    {
        await using var server = await StartServerAsync("--max-players", "1");
        await using var ann = await ConformancePlayer.StartAsync(program, Options);
        ann.Register(server.Url, "Ann");
        await ann.WaitForAsync("registered");
        await using var bob = await ConformancePlayer.StartAsync(program, $"{Options} patience=0.1");
        bob.Register(server.Url, "Bob");
        Assert.That(await bob.TakeAsync("failed"), Is.EqualTo("serverFull"));
        bob.Register(new Uri($"http://127.0.0.1:{Ports.Next()}/"), "Bob");
        Assert.That(await bob.TakeAsync("failed"), Is.EqualTo("unreachable"));
    }

    [TestCaseSource(typeof(ClientProgram), nameof(ClientProgram.All))]
    public async Task Answers_of_other_servers_are_told_apart_and_redirects_not_followed(ClientProgram program)
    {
        const string Page = "Content-Type: text/html\r\nContent-Length: 18\r\n\r\n<html>hello</html>";
        await using var server = await StartServerAsync();
        await using var target = new FaultyProxy(server.Port);
        await using var ann = await ConformancePlayer.StartAsync(program, $"{Options} patience=0.1");
        (string Head, string Kind)[] answers =
        [
            ("200 OK", "notTurnServer"),
            ("404 Not Found", "notTurnServer"),
            ("502 Bad Gateway", "unreachable"),
            ($"301 Moved Permanently\r\nLocation: {target.Url}", "notTurnServer"),
            ($"307 Temporary Redirect\r\nLocation: {target.Url}", "notTurnServer"),
        ];
        foreach (var (head, kind) in answers)
        {
            await using var other = new CannedServer($"HTTP/1.1 {head}\r\n{Page}");
            ann.Register(other.Url, "Ann");
            Assert.That(await ann.TakeAsync("failed"), Is.EqualTo(kind), head);
        }

        Assert.That(target.Requests, Is.Empty);
    }

    private static async Task<ServerChild> StartServerAsync(params string[] flags) =>
        await ServerChild.StartProgramAsync([await PublishedServer.PathAsync()], flags);

    private static async Task<ServerChild> StartServerAsync(StateFolder state, int port) =>
        await state.StartProgramAsync([await PublishedServer.PathAsync()], port);

    private static async Task PlayThousandAsync(ClientProgram program, string scheme)
    {
        using var state = new StateFolder();
        var (port, restarts) = (Ports.Next(), 0);
        var server = await StartServerAsync(state, port);
        try
        {
            await using var proxy = new FaultyProxy(port);
            var faults = new RandomFaults(TestContext.CurrentContext.Random.Next(), FaultProbability, Faults);
            await using var game = await ConformanceGame.StartAsync(program, program, proxy.Url.Over(scheme), Options);
            proxy.Plan = faults.Plan;
            await game.PlayAsync(TurnCount, RestartAsync, RestartAsync);
            Assert.That(restarts, Is.EqualTo(2));
            Assert.That(faults.Count, Is.GreaterThan(FaultsMin), $"faults in {proxy.Requests.Count} requests");
        }
        finally
        {
            await server.DisposeAsync();
        }

        async Task RestartAsync()
        {
            await server.KillAsync();
            await server.DisposeAsync();
            server = await StartServerAsync(state, port);
            restarts++;
        }
    }
}
