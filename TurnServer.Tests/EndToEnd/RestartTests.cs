using System.Diagnostics;
using TurnServer.Journal;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>A server that is killed, or stopped, and started again on the same port and state.</summary>
[Category("Process")]
internal sealed class RestartTests
{
    private StateFolder _state = null!;

    [SetUp]
    public void MakeState() => _state = new StateFolder();

    [TearDown]
    public void DeleteState() => _state.Dispose();

    [TestCase("none", true)]
    [TestCase("batch", true)]
    [TestCase("always", true)]
    [TestCase("batch", false)]
    public async Task A_game_goes_on_with_the_next_counter(string sync, bool isKilled)
    {
        var port = Ports.Next();
        string repeated, next;
        await using (var first = await _state.StartAsync(port, sync))
        {
            await using var pair = await RawPair.StartAsync(port, "Restarted");
            repeated = pair.Update(0, 0, "e2-e4");
            next = pair.Update(1, 0, "e7-e5");
            Assert.That((await pair.Players[0].PostAsync(repeated)).Body, Is.EqualTo("0/10/*"));
            await (isKilled ? first.KillAsync() : StateFolder.StopAsync(first));
        }

        await using var second = await _state.StartAsync(port, sync);
        await using var player = await RawHttp.ConnectAsync(port);
        // Whether its reply was lost the client cannot know.
        Assert.That((await player.PostAsync(repeated)).Body, Is.EqualTo("0/11/*"));
        Assert.That((await player.PostAsync(next)).Body, Is.EqualTo("0/9/e2-e4"));
        Assert.That((await player.PostAsync(repeated)).Body, Is.EqualTo("0/11/e7-e5"));
        Assert.That(second.Errors, Does.Contain($" 1 games, {(isKilled ? 11 : 0)} requests replayed"));
    }

    [Test]
    public async Task A_held_reply_is_answered_as_it_stands_when_the_server_stops()
    {
        await using var server = await _state.StartAsync(Ports.Next());
        await using var pair = await RawPair.StartAsync(server.Port, "Held");
        var holding = await pair.Players[0].HoldAsync(pair.Update(0, 0, ""));
        await StateFolder.StopAsync(server);
        // The update that is held is the repeated one, and says so.
        Assert.That((await holding.ReadReplyAsync()).Body, Is.EqualTo("0/11/*"));
    }

    [Test, Category("Slow")]
    public async Task A_silent_player_is_dropped_when_the_grace_of_the_restart_is_over()
    {
        const int GraceSeconds = 4;
        var port = Ports.Next();
        string question;
        await using (var killed = await _state.StartAsync(port))
        {
            await using var pair = await RawPair.StartAsync(port, "Spared");
            question = pair.Update(0, 0, "");
            await killed.KillAsync();
        }

        var watch = Stopwatch.StartNew();
        await using var server = await _state.StartAsync(port, "batch", "--game-timeout", "1", "--restart-grace",
            $"{GraceSeconds}");
        await using var player = await RawHttp.ConnectAsync(port);
        await player.SendAsync(RawHttp.Post(question, "Prefer: wait=20"));
        Assert.That((await player.ReadReplyAsync()).Body, Is.EqualTo("15/*/*"));
        Assert.That(watch.Elapsed, Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(GraceSeconds)));
    }

    [Test, Category("Slow")]
    public async Task The_journal_is_synced_and_stays_small_however_much_is_played()
    {
        var turns = 3 * new JournalOptions().SegmentBytes / LongGame.TextLength;
        var (port, adminPort) = (Ports.Next(), Ports.Next());
        await using var server = await _state.StartAsync(port, "batch", "--admin-port", $"{adminPort}");
        await using var game = await LongGame.StartAsync(port, "Long");
        while (game.Turns < turns)
            Assert.That(await game.TryTurnAsync());
        // Four segments have been begun: one is written to, the next is ready, those before it are in a snapshot.
        await TestWait.UntilAsync(() => Directory.GetFiles(_state.Path, "journal-*").Length == 2,
            "the others are gone");
        var scrape = await Scrape.GetAsync(adminPort);
        Assert.That(scrape["turnserver_state_snapshots_total"], Is.InRange(1, 3));
        Assert.That(scrape["turnserver_state_syncs_total"], Is.GreaterThan(10));
        Assert.That(scrape["turnserver_state_records_total"], Is.GreaterThan(turns));
        Assert.That(scrape["turnserver_state_bytes_total"], Is.GreaterThan((double)turns * LongGame.TextLength));
        await server.KillAsync();
        await using var again = await _state.StartAsync(port);
        Assert.That(await game.TryTurnAsync());
    }

    [Test]
    public async Task A_second_server_on_the_state_is_refused_and_the_first_plays_on()
    {
        await using var first = await _state.StartAsync(Ports.Next());
        await using var pair = await RawPair.StartAsync(first.Port, "First");
        await using (var second = ServerChild.Launch("--port", $"{Ports.Next()}", "--state", _state.Path))
        {
            Assert.That(await second.ExitCodeAsync(), Is.EqualTo(11));
            Assert.That(second.Errors, Does.Contain(_state.Path).And.Contain("in use by another server"));
        }

        Assert.That((await pair.Players[0].PostAsync(pair.Update(0, 0, "e2-e4"))).Body, Is.EqualTo("0/10/*"));
    }

    [Test]
    public async Task A_damaged_state_is_refused_with_the_way_out_and_left_as_it_is()
    {
        await using (var server = await _state.StartAsync(Ports.Next()))
        {
            await using var pair = await RawPair.StartAsync(server.Port, "Damaged");
            await StateFolder.StopAsync(server);
        }

        var file = Directory.GetFiles(_state.Path, "snapshot-*").Single();
        var bytes = await File.ReadAllBytesAsync(file);
        // In the first record, and not in what fills a record up to a multiple of eight bytes.
        bytes[40] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);
        await using var refused = ServerChild.Launch("--port", $"{Ports.Next()}", "--state", _state.Path);
        Assert.That(await refused.ExitCodeAsync(), Is.EqualTo(12));
        Assert.That(refused.Errors, Does.Contain(Path.GetFileName(file)).And.Contain($"mv {_state.Path}"));
        Assert.That(await File.ReadAllBytesAsync(file), Is.EqualTo(bytes));
    }

    [Test]
    public async Task A_server_whose_port_is_taken_leaves_the_state_as_it_is()
    {
        await using var other = await ServerChild.StartAsync();
        await using (var server = await _state.StartAsync(Ports.Next()))
            await StateFolder.StopAsync(server);
        var before = StateFolder.Contents(_state.Path);
        await using var refused = ServerChild.Launch("--port", $"{other.Port}", "--state", _state.Path);
        Assert.That(await refused.ExitCodeAsync(), Is.EqualTo(1));
        Assert.That(StateFolder.Contents(_state.Path), Is.EqualTo(before));
    }
}
