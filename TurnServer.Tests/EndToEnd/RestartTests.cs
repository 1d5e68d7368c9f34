using System.Diagnostics;
using TurnServer.Journal;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>A server that is killed or stopped, and restarted with the same port and state.</summary>
[Category("Process")]
internal sealed class RestartTests : StateFixture
{
    [TestCase("none", true, Category = "Slow")]
    [TestCase("batch", true)]
    [TestCase("always", true, Category = "Slow")]
    [TestCase("batch", false, Category = "Slow")]
    public async Task A_game_continues_with_the_next_counters_after_a_restart(string sync, bool isKilled)
    {
        var port = Ports.Next();
        string repeated, next;
        await using (var first = await State.StartAsync(port, sync))
        {
            await using var pair = await RawPair.StartAsync(port, "Restarted");
            repeated = pair.Update(0, 0, "e2-e4");
            next = pair.Update(1, 0, "e7-e5");
            Assert.That((await pair.Players[0].PostAsync(repeated)).Body, Is.EqualTo("0/10/*"));
            await (isKilled ? first.KillAsync() : StateFolder.StopAsync(first));
        }

        await using var second = await State.StartAsync(port, sync);
        await using var player = await RawHttp.ConnectAsync(port);
        // A client cannot know whether the reply to its last request was lost.
        Assert.That((await player.PostAsync(repeated)).Body, Is.EqualTo("0/11/*"));
        Assert.That((await player.PostAsync(next)).Body, Is.EqualTo("0/9/e2-e4"));
        Assert.That((await player.PostAsync(repeated)).Body, Is.EqualTo("0/11/e7-e5"));
        Assert.That(second.Errors, Does.Contain($" 1 games, {(isKilled ? 11 : 0)} requests replayed"));
    }

    [Test]
    public async Task A_held_reply_is_sent_unchanged_when_the_server_stops()
    {
        await using var server = await State.StartAsync(Ports.Next());
        await using var pair = await RawPair.StartAsync(server.Port, "Held");
        var holding = await pair.Players[0].HoldAsync(pair.Update(0, 0, ""));
        await StateFolder.StopAsync(server);
        // The held update is the repeated one, hence 11.
        Assert.That((await holding.ReadReplyAsync()).Body, Is.EqualTo("0/11/*"));
    }

    [Test, Category("Slow")]
    public async Task A_silent_player_is_dropped_at_the_end_of_the_restart_grace()
    {
        const int GraceSeconds = 4;
        var port = Ports.Next();
        string question;
        await using (var killed = await State.StartAsync(port))
        {
            await using var pair = await RawPair.StartAsync(port, "Spared");
            question = pair.Update(0, 0, "");
            await killed.KillAsync();
        }

        var watch = Stopwatch.StartNew();
        await using var server = await State.StartAsync(port, "batch", "--game-timeout", "1", "--restart-grace",
            $"{GraceSeconds}");
        await using var player = await RawHttp.ConnectAsync(port);
        await player.SendAsync(RawHttp.Post(question, "Prefer: wait=20"));
        Assert.That((await player.ReadReplyAsync()).Body, Is.EqualTo("15/*/*"));
        Assert.That(watch.Elapsed, Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(GraceSeconds)));
    }

    [Test, Category("Slow")]
    public async Task The_journal_is_synced_and_compacted_as_play_goes_on()
    {
        var turns = 3 * new JournalOptions().SegmentBytes / LongGame.TextLength;
        var (port, adminPort) = (Ports.Next(), Ports.Next());
        await using var server = await State.StartAsync(port, "batch", "--admin-port", $"{adminPort}");
        await using var game = await LongGame.StartAsync(port, "Long");
        while (game.Turns < turns)
            await game.TurnAsync();
        // The active segment and the next one; the others are replaced by a snapshot.
        await TestWait.UntilAsync(() => Directory.GetFiles(State.Path, "journal-*").Length == 2,
            "the full segments are deleted");
        var scrape = await Scrape.GetAsync(adminPort);
        Assert.That(scrape["turnserver_state_snapshots_total"], Is.InRange(1, 3));
        Assert.That(scrape["turnserver_state_syncs_total"], Is.GreaterThan(10));
        Assert.That(scrape["turnserver_state_records_total"], Is.GreaterThan(turns));
        Assert.That(scrape["turnserver_state_bytes_total"], Is.GreaterThan((double)turns * LongGame.TextLength));
        await server.KillAsync();
        await using var again = await State.StartAsync(port);
        await game.TurnAsync();
    }

    [Test]
    public async Task A_second_server_with_the_same_state_fails_and_the_first_runs_on()
    {
        await using var first = await State.StartAsync(Ports.Next());
        await using var pair = await RawPair.StartAsync(first.Port, "First");
        await using (var second = ServerChild.Launch("--port", $"{Ports.Next()}", "--state", State.Path))
        {
            Assert.That(await second.ExitCodeAsync(), Is.EqualTo(11));
            Assert.That(second.Errors, Does.Contain(State.Path).And.Contain("in use by another server"));
        }

        Assert.That((await pair.Players[0].PostAsync(pair.Update(0, 0, "e2-e4"))).Body, Is.EqualTo("0/10/*"));
    }

    [Test]
    public async Task A_corrupt_state_is_refused_with_advice_and_left_unchanged()
    {
        await using (var server = await State.StartAsync(Ports.Next()))
        {
            await using var pair = await RawPair.StartAsync(server.Port, "Damaged");
            await StateFolder.StopAsync(server);
        }

        var file = Directory.GetFiles(State.Path, "snapshot-*").Single();
        var bytes = await File.ReadAllBytesAsync(file);
        // In the first record, not in padding.
        bytes[40] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);
        await using var refused = ServerChild.Launch("--port", $"{Ports.Next()}", "--state", State.Path);
        Assert.That(await refused.ExitCodeAsync(), Is.EqualTo(12));
        Assert.That(refused.Errors, Does.Contain(Path.GetFileName(file)).And.Contain($"mv {State.Path}"));
        Assert.That(await File.ReadAllBytesAsync(file), Is.EqualTo(bytes));
    }

    [Test]
    public async Task A_server_whose_port_is_in_use_leaves_the_state_unchanged()
    {
        await using var other = await ServerChild.StartAsync();
        await using (var server = await State.StartAsync(Ports.Next()))
            await StateFolder.StopAsync(server);
        var before = StateFolder.Contents(State.Path);
        await using var refused = ServerChild.Launch("--port", $"{other.Port}", "--state", State.Path);
        Assert.That(await refused.ExitCodeAsync(), Is.EqualTo(1));
        Assert.That(StateFolder.Contents(State.Path), Is.EqualTo(before));
    }
}
