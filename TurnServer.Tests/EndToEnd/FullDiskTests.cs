using System.Runtime.InteropServices;
using TurnServer.Journal;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>A server whose state is on a disk that fills up.</summary>
[Category("Slow")]
[Category("Process")]
internal sealed class FullDiskTests
{
    // Space for three segments of 8 MiB, as a start creates one in addition to the existing ones, and a snapshot.
    private const int DiskMebibytes = 30;

    // More than the disk can hold.
    private const int TurnsMax = (DiskMebibytes << 20) / LongGame.TextLength;

    private const string NoRoom = "the state cannot be recorded: the disk is full, or too slow";

    private static readonly int AdminPort = Ports.Next();

    private SmallDisk _disk = null!;

    private string State => Path.Combine(_disk.Path, "state");

    [SetUp]
    public void MountDisk() => _disk = SmallDisk.Mount(DiskMebibytes);

    [TearDown]
    public void UnmountDisk() => _disk.Dispose();

    [Test]
    public async Task With_a_full_disk_changes_are_refused_and_no_turn_is_lost()
    {
        LongGame game;
        await using (var server = await ServerChild.StartAsync("--state", State, "--admin-port", $"{AdminPort}"))
        {
            game = await LongGame.StartAsync(server.Port, "Full");
            await FillAndFreeAsync(server, game);
        }

        _disk.Free();
        await using var again = await ServerChild.StartAsync("--state", State);
        game.Port = again.Port;
        Assert.That(await game.TryTurnAsync());
        await game.DisposeAsync();
    }

    [Test]
    public async Task A_start_with_a_full_disk_fails_and_leaves_the_state_unchanged()
    {
        await using (var server = await ServerChild.StartAsync("--state", State))
        {
            await using var game = await LongGame.StartAsync(server.Port, "Early");
            await server.KillAsync();
        }

        _disk.Fill();
        var before = StateFolder.Contents(State);
        await using (var refused = ServerChild.Launch("--port", $"{Ports.Next()}", "--state", State))
        {
            Assert.That(await refused.ExitCodeAsync(), Is.EqualTo(11));
            Assert.That(refused.Errors, Does.Contain(State).And.Contain("needs space").And.Not.Contain("   at "));
        }

        Assert.That(StateFolder.Contents(State), Is.EqualTo(before));
        _disk.Free();
        await using var started = await ServerChild.StartAsync("--state", State);
        Assert.That(started.Errors, Does.Contain(" 1 games, "));
    }

    [Test]
    public async Task A_server_stopped_while_the_disk_is_full_recovers_from_its_journal()
    {
        LongGame game;
        await using (var server = await ServerChild.StartAsync("--state", State))
        {
            game = await LongGame.StartAsync(server.Port, "Stopped");
            await WaitUntilPreparedAsync(server);
            Assert.That(await game.TryTurnAsync());
            _disk.Fill();
            server.Signal(PosixSignal.SIGTERM);
            Assert.That(await server.ExitCodeAsync(), Is.Zero, server.Errors);
            Assert.That(server.Errors, Does.Contain("the next start replays the journal"));
        }

        _disk.Free();
        await using var again = await ServerChild.StartAsync("--state", State);
        game.Port = again.Port;
        Assert.That(await game.TryTurnAsync());
        await game.DisposeAsync();
    }

    private async Task FillAndFreeAsync(ServerChild server, LongGame game)
    {
        await WaitUntilPreparedAsync(server);
        // Fill it again and again: compaction frees space.
        do
            _disk.Fill();
        while (game.Turns < TurnsMax && await game.TryTurnAsync());
        await server.WaitForLogAsync("critical:");
        Assert.That((await Scrape.GetAsync(AdminPort))["turnserver_state_stalled"], Is.EqualTo(1));
        var health = await RawHttp.GetHealthAsync(server.Port);
        Assert.That((health.Status, health.Body), Is.EqualTo((503, NoRoom)));
        health = await RawHttp.GetHealthAsync(AdminPort);
        Assert.That((health.Status, health.Body), Is.EqualTo((503, NoRoom + "\n")));
        for (var i = 0; i < 20; i++)
            Assert.That(await game.TryTurnAsync(), Is.False);
        await using (var late = await RawHttp.ConnectAsync(server.Port))
            Assert.That((await late.PostAsync("0,Late,*,*,*")).Body, Is.EqualTo("23/*/*"));
        Assert.That(server.Errors.Split("critical:"), Has.Length.EqualTo(2), "logged once");

        // Not enough for a segment, but for the snapshot that replaces one.
        _disk.Free(mebibytes: 1);
        await server.WaitForLogAsync("Journal space available");
        Assert.That((await RawHttp.GetHealthAsync(server.Port)).Status, Is.EqualTo(200));
        Assert.That((await RawHttp.GetHealthAsync(AdminPort)).Status, Is.EqualTo(200));
        Assert.That(await game.TryTurnAsync());

        await server.KillAsync();
    }

    // The second segment is created in the background.
    private Task WaitUntilPreparedAsync(ServerChild server) => TestWait.UntilAsync(
        () => Directory.GetFiles(State, "journal-*")
            .Count(file => new FileInfo(file).Length == new JournalOptions().SegmentBytes) == 2,
        $"the second segment exists. {server.Errors}");
}
