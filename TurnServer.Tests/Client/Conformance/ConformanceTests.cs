using System.Collections.Concurrent;
using System.Diagnostics;
using NUnit.Framework.Interfaces;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client.Conformance;

/// <summary>
/// Games of each client against itself, through a network and a server that fail. A client in a new language is done
/// when it passes; README.md of TurnServer/Client has the table.
/// </summary>
[Category("Slow"), Parallelizable(ParallelScope.Children)]
internal sealed class ConformanceTests
{
    private const int TurnCount = 1000;

    // Each of eight faults has an eighth of 5 %.
    private const double FaultProbability = 0.05 / 8;

    // A swallowed request costs the sum of the first two.
    private const string Options = "wait=3 replyTimeout=1 patience=60 keepAlive=1 pollInterval=0.1";

    // Alternating play takes one request a turn at least, and bursts share some.
    private const int FaultsMin = 10;

    private readonly ConcurrentDictionary<(string Client, string Script), string> _outcomes = new();

    private static readonly NetworkFault[] Faults =
    [
        NetworkFault.DropRequest, NetworkFault.SwallowRequest, NetworkFault.DropReply, NetworkFault.CutReply,
        NetworkFault.DelayRequest, NetworkFault.DelayReply, NetworkFault.SendTwice, NetworkFault.SendAgainLater,
    ];

    // What parsers and encoders stumble over. All of it is legal in a turn.
    private static readonly string[] Texts =
        ["", "*", ",", "0/9/x", "a b", "100%", "%20", "\n", "\t", "\"{}\\", "é e\u0301", "🎲", "-", "</p>", "\u2028"];

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
        var (ann, bob) = await StartGameAsync(program, proxy.Url, $"{Options} savesEachTurn=1");
        await using var _ = ann;
        await using var __ = bob;
        proxy.Plan = faults.Plan;
        const int Count = 200;
        const int Kills = 5;
        var playing = PlayAsync(ann, bob, Count);
        for (var kill = 1; kill <= Kills; kill++)
        {
            await TestWait.UntilAsync(() => playing.IsCompleted || bob.ReceivedCount > kill * Count / (Kills + 1),
                "the game goes on", GameTimeout);
            if (playing.IsCompleted)
                break;
            await ann.KillAndResumeAsync();
            if (kill % 2 == 0)
                await bob.KillAndResumeAsync();
        }

        await playing;
    }

    [TestCaseSource(typeof(ClientProgram), nameof(ClientProgram.All))]
    public async Task Saved_game_is_resumed_by_a_client_in_another_language(ClientProgram program)
    {
        await using var server = await StartServerAsync();
        var (ann, bob) = await StartGameAsync(program, server.Url, $"{Options} savesEachTurn=1");
        await using var _ = ann;
        await using var __ = bob;
        const int Count = 60;
        var playing = PlayAsync(ann, bob, Count);
        foreach (var (share, next) in new[] { (3, ClientProgram.CSharp), (2, program) })
        {
            await TestWait.UntilAsync(() => playing.IsCompleted || bob.ReceivedCount > Count / share,
                "the game goes on", GameTimeout);
            await ann.KillAndResumeAsync(next);
        }

        await playing;
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
        var (ann, bob) = await StartGameAsync(program, server.Url, Options);
        await using var _ = ann;
        await using var __ = bob;
        string[] turns = ["one", "two", "three"];
        foreach (var turn in turns)
            await bob.SendNextAsync("post", turns);
        bob.Quit();
        await bob.WaitForAsync("left");
        Assert.That(await ann.WaitForAsync("ended"), Is.EqualTo("partnerLeft"));
        Assert.That(ann.Received, Is.EqualTo(turns));
    }

    [TestCaseSource(typeof(ClientProgram), nameof(ClientProgram.All))]
    public async Task Full_server_and_one_that_is_none_are_told_apart(ClientProgram program)
    {
        await using var server = await StartServerAsync("--max-players", "1");
        await using var ann = await ConformancePlayer.StartAsync(program, Options);
        ann.Register(server.Url, "Ann");
        await ann.WaitForAsync("registered");
        await using var bob = await ConformancePlayer.StartAsync(program, Options);
        bob.Register(server.Url, "Bob");
        Assert.That(await bob.WaitForAsync("failed"), Is.EqualTo("serverFull"));
        await using var eve = await ConformancePlayer.StartAsync(program, $"{Options} patience=0.1");
        eve.Register(new Uri($"http://127.0.0.1:{Ports.Next()}/"), "Eve");
        Assert.That(await eve.WaitForAsync("failed"), Is.EqualTo("unreachable"));
    }

    // Far longer than a game takes.
    private static TimeSpan GameTimeout => 5 * TestWait.Timeout;

    private static async Task<ServerChild> StartServerAsync(params string[] flags) =>
        await ServerChild.StartProgramAsync([await PublishedServer.PathAsync()], flags);

    private static async Task<ServerChild> StartServerAsync(StateFolder state, int port)
    {
        var server = ServerChild.LaunchProgram(
            [await PublishedServer.PathAsync(), "--port", $"{port}", "--state", state.Path], null, port);
        await server.WaitUntilListeningAsync();
        return server;
    }

    private static async Task PlayThousandAsync(ClientProgram program, string scheme)
    {
        using var state = new StateFolder();
        var port = Ports.Next();
        var server = await StartServerAsync(state, port);
        try
        {
            await using var proxy = new FaultyProxy(port);
            var faults = new RandomFaults(TestContext.CurrentContext.Random.Next(), FaultProbability, Faults);
            var (ann, bob) = await StartGameAsync(program, proxy.Url.Over(scheme), Options);
            await using var _ = ann;
            await using var __ = bob;
            proxy.Plan = faults.Plan;
            var playing = PlayAsync(ann, bob, TurnCount);
            foreach (var share in new[] { 3, 2 })
            {
                await TestWait.UntilAsync(() => playing.IsCompleted || ann.ReceivedCount > TurnCount / share,
                    "the game goes on", GameTimeout);
                await server.KillAsync();
                await server.DisposeAsync();
                server = await StartServerAsync(state, port);
            }

            await playing;
            Assert.That(faults.Count, Is.GreaterThan(FaultsMin), $"faults in {proxy.Requests.Count} requests");
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    private static async Task<(ConformancePlayer Ann, ConformancePlayer Bob)> StartGameAsync(ClientProgram program,
        Uri url, string options)
    {
        var ann = await ConformancePlayer.StartAsync(program, options);
        var bob = await ConformancePlayer.StartAsync(program, options);
        ann.Register(url, "Ann", partner: "Bob");
        bob.Register(url, "Bob", partner: "Ann");
        await ann.WaitForAsync("started");
        await bob.WaitForAsync("started");
        return (ann, bob);
    }

    // Both send at the same time, in bursts, and sometimes wait for each other.
    private static async Task PlayAsync(ConformancePlayer ann, ConformancePlayer bob, int count)
    {
        var random = TestContext.CurrentContext.Random;
        string[] fromAnn = [.. Enumerable.Range(0, count).Select(i => Turn("a", i, random))];
        string[] fromBob = [.. Enumerable.Range(0, count).Select(i => Turn("b", i, random))];
        await Task.WhenAll(
            SendAllAsync(ann, bob, fromAnn, new Random(random.Next())),
            SendAllAsync(bob, ann, fromBob, new Random(random.Next())));
        Assert.That(bob.Received, Is.EqualTo(fromAnn));
        Assert.That(ann.Received, Is.EqualTo(fromBob));
    }

    private static string Turn(string from, int number, Random random) =>
        $"{from}{number}{Texts[random.Next(Texts.Length)]}";

    private static async Task SendAllAsync(ConformancePlayer from, ConformancePlayer to, string[] turns, Random random)
    {
        var (count, changedAt) = (0, Stopwatch.GetTimestamp());
        while (count < turns.Length)
        {
            if (from.SentCount < turns.Length && from.SentCount - count <= random.Next(8))
                await from.SendNextAsync(random.Next(4) == 0 ? "post" : "send", turns);
            else
                await Task.Delay(1);
            Assert.That(from.ValueOf("ended"), Is.Null, "the game goes on");
            var now = to.ReceivedCount;
            if (now != count)
                (count, changedAt) = (now, Stopwatch.GetTimestamp());
            else if (Stopwatch.GetElapsedTime(changedAt) > TestWait.Timeout)
                Assert.Fail($"Nothing arrives after {count} turns.");
        }
    }
}
