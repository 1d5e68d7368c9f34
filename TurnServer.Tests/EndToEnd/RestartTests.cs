using System.Globalization;
using System.Runtime.InteropServices;
using TurnServer.Bench.Load;
using TurnServer.Journal;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>A server that is killed, or stopped, and started again on the same port and state.</summary>
internal sealed class RestartTests
{
    private string _state = "";

    [SetUp]
    public void MakeState() => _state = Directory.CreateTempSubdirectory("turnserver-state-").FullName;

    [TearDown]
    public void DeleteState() => Directory.Delete(_state, recursive: true);

    [TestCase("none", true)]
    [TestCase("batch", true)]
    [TestCase("always", true)]
    [TestCase("batch", false)]
    public async Task A_game_goes_on_with_the_next_counter(string sync, bool isKilled)
    {
        var port = ServerChild.FreePort();
        string repeated, next;
        await using (var first = await StartAsync(port, sync))
        {
            await using var pair = await RawPair.StartAsync(port, "Restarted");
            repeated = pair.Update(0, 0, "e2-e4");
            next = pair.Update(1, 0, "e7-e5");
            Assert.That((await pair.Players[0].AskAsync(repeated)).Body, Is.EqualTo("0/10/*"));
            await (isKilled ? first.KillAsync() : StopAsync(first));
        }

        await using var second = await StartAsync(port, sync);
        await using var player = await RawHttp.ConnectAsync(port);
        // Whether its reply was lost the client cannot know.
        Assert.That((await player.AskAsync(repeated)).Body, Is.EqualTo("0/11/*"));
        Assert.That((await player.AskAsync(next)).Body, Is.EqualTo("0/9/e2-e4"));
        Assert.That((await player.AskAsync(repeated)).Body, Is.EqualTo("0/11/e7-e5"));
        Assert.That(second.Errors, Does.Contain("games: 1").And.Contain($"requests replayed: {(isKilled ? 11 : 0)}"));
    }

    [Test]
    public async Task A_held_reply_is_answered_as_it_stands_when_the_server_stops()
    {
        await using var server = await StartAsync(ServerChild.FreePort(), "batch");
        await using var pair = await RawPair.StartAsync(server.Port, "Held");
        await pair.Players[0].SendAsync(RawHttp.Post(pair.Update(0, 0, ""), "Prefer: wait=20"));
        await StopAsync(server);
        Assert.That((await pair.Players[0].ReadReplyAsync()).Body, Is.EqualTo("0/10/*"));
    }

    [Test]
    public async Task The_journal_is_synced_and_stays_small_however_much_is_played()
    {
        var turns = 3 * new JournalOptions().SegmentBytes / LongGame.TextLength;
        var (port, adminPort) = (ServerChild.FreePort(), ServerChild.FreePort());
        await using var server = await StartAsync(port, "batch", "--admin-port", $"{adminPort}");
        await using var game = await LongGame.StartAsync(port, "Long");
        while (game.Turns < turns)
            Assert.That(await game.TryTurnAsync());
        // Four segments have been begun: one is written to, the next is ready, those before it are in a snapshot.
        await ServerChild.UntilAsync(() => Directory.GetFiles(_state, "journal-*").Length == 2, "the others are gone");
        var scrape = await Scrape.OfAsync(adminPort);
        Assert.That(scrape["turnserver_state_snapshots_total"], Is.InRange(1, 3));
        Assert.That(scrape["turnserver_state_syncs_total"], Is.GreaterThan(10));
        Assert.That(scrape["turnserver_state_records_total"], Is.GreaterThan(turns));
        Assert.That(scrape["turnserver_state_bytes_total"], Is.GreaterThan((double)turns * LongGame.TextLength));
        await server.KillAsync();
        await using var again = await StartAsync(port, "batch");
        Assert.That(await game.TryTurnAsync());
    }

    [Test]
    public async Task A_second_server_on_the_state_is_refused_and_the_first_plays_on()
    {
        await using var first = await StartAsync(ServerChild.FreePort(), "batch");
        await using var pair = await RawPair.StartAsync(first.Port, "First");
        await using (var second = ServerChild.Launch("--port", $"{ServerChild.FreePort()}", "--state", _state))
        {
            Assert.That(await second.ExitCodeAsync(), Is.EqualTo(11));
            Assert.That(second.Errors, Does.Contain(_state).And.Contain("in use by another server"));
        }

        Assert.That((await pair.Players[0].AskAsync(pair.Update(0, 0, "e2-e4"))).Body, Is.EqualTo("0/10/*"));
    }

    [Test]
    public async Task A_damaged_state_is_refused_with_the_way_out_and_left_as_it_is()
    {
        await using (var server = await StartAsync(ServerChild.FreePort(), "batch"))
        {
            await using var pair = await RawPair.StartAsync(server.Port, "Damaged");
            await StopAsync(server);
        }

        var file = Directory.GetFiles(_state, "snapshot-*").Single();
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[^20] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);
        await using var refused = ServerChild.Launch("--port", $"{ServerChild.FreePort()}", "--state", _state);
        Assert.That(await refused.ExitCodeAsync(), Is.EqualTo(12));
        Assert.That(refused.Errors, Does.Contain(Path.GetFileName(file)).And.Contain($"mv {_state}"));
        Assert.That(await File.ReadAllBytesAsync(file), Is.EqualTo(bytes));
    }

    [Test]
    public async Task A_server_whose_port_is_taken_leaves_the_state_as_it_is()
    {
        await using var other = await ServerChild.StartAsync();
        await using (var server = await StartAsync(ServerChild.FreePort(), "batch"))
            await StopAsync(server);
        var before = Folder.Contents(_state);
        await using var refused = ServerChild.Launch("--port", $"{other.Port}", "--state", _state);
        Assert.That(await refused.ExitCodeAsync(), Is.EqualTo(1));
        Assert.That(Folder.Contents(_state), Is.EqualTo(before));
    }

    /// <summary>
    /// Killed at random moments, fifty times with held replies and ten without, with one reply in twenty lost besides.
    /// </summary>
    [Test]
    [Category("Slow")]
    public async Task Killed_again_and_again_under_load_it_neither_loses_nor_doubles_a_turn([Values] bool wait)
    {
        var report = await PlayThroughAsync(wait ? 50 : 10, wait, loss: 0.05, server => server.KillAsync());
        Assert.That(report.RepliesDropped, Is.Positive);
    }

    [Test]
    [Category("Slow")]
    public async Task Stopped_and_started_under_load_it_neither_loses_nor_doubles_a_turn() =>
        await PlayThroughAsync(10, wait: true, loss: 0, StopAsync);

    // The stress tool checks each turn; what it calls an error of a player is a request that was not answered.
    private async Task<LoadReport> PlayThroughAsync(int restarts, bool wait, double loss, Func<ServerChild, Task> end)
    {
        var port = ServerChild.FreePort();
        var server = await StartAsync(port, "batch");
        using var stop = new CancellationTokenSource();
        var output = new StringWriter();
        var run = new StressRun(new LoadOptions
        {
            Settings = new LoadSettings(server.Url, Clients: 200, Rate: 5, TimeSpan.FromMinutes(5), wait, loss),
        }, ramp: null, plot: null, json: null, output);
        var playing = run.RunAsync(stop.Token);
        try
        {
            for (var i = 0; i < restarts; i++)
            {
                await Task.Delay(Random.Shared.Next(100, 500));
                await end(server);
                await server.DisposeAsync();
                server = await StartAsync(port, "batch");
            }

            await stop.CancelAsync();
            var exitCode = await playing;
            var report = run.Reports.Single();
            await TestContext.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"{restarts} restarts: {report.TurnsSent} turns, {report.Requests} requests, "
                + $"{report.RequestsLost} lost"));
            Assert.That(report.ViolationCount, Is.Zero, $"{exitCode}: {output}");
            // Requests are repeated that were not answered, or came when the server was about to stop (23); nobody was
            // told of another error.
            Assert.That(report.Codes.Where(code => code.IsError).Select(code => code.Code),
                Is.SubsetOf(new[] { "lost", "23/*" }));
            Assert.That(report.TurnsReceived, Is.EqualTo(report.TurnsSent).And.GreaterThan(restarts * 100L));
            return report;
        }
        finally
        {
            await stop.CancelAsync();
            await playing;
            await server.DisposeAsync();
        }
    }

    private async Task<ServerChild> StartAsync(int port, string sync, params string[] flags)
    {
        var server = ServerChild.LaunchProgram(
            [.. ServerProgram.Words, "--port", $"{port}", "--state", _state, "--state-sync", sync, .. flags],
            null, port);
        await server.ListensAsync();
        return server;
    }

    private static async Task StopAsync(ServerChild server)
    {
        server.Signal(PosixSignal.SIGTERM);
        Assert.That(await server.ExitCodeAsync(), Is.Zero, server.Errors);
    }
}
