using System.Runtime.InteropServices;
using TurnServer.Journal;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>A server whose state is on a disk that others fill up.</summary>
[Category("Slow")]
[Category("Process")]
internal sealed class FullDiskTests
{
    // Room for three segments of 8 MiB, as a start takes one beside those that are there, and a small snapshot.
    private const int DiskMebibytes = 30;

    // More than fit on the disk.
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
    public async Task A_full_disk_refuses_every_change_and_loses_no_turn_before_or_after()
    {
        LongGame game;
        await using (var server = await ServerChild.StartAsync("--state", State, "--admin-port", $"{AdminPort}"))
        {
            game = await LongGame.StartAsync(server.Port, "Full");
            await FillAndMakeRoomAsync(server, game);
        }

        _disk.Free();
        await using var again = await ServerChild.StartAsync("--state", State);
        game.Port = again.Port;
        Assert.That(await game.TryTurnAsync());
        await game.DisposeAsync();
    }

    [Test]
    public async Task A_full_disk_at_the_start_is_refused_and_the_state_left_as_it_was()
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
    public async Task A_server_that_stops_while_the_disk_is_full_comes_back_from_its_journal()
    {
        LongGame game;
        await using (var server = await ServerChild.StartAsync("--state", State))
        {
            game = await LongGame.StartAsync(server.Port, "Stopped");
            await HasPreparedAsync(server);
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

    private async Task FillAndMakeRoomAsync(ServerChild server, LongGame game)
    {
        await HasPreparedAsync(server);
        // Again and again: what the server deletes as its journal is compacted, others take.
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
        Assert.That(server.Errors.Split("critical:"), Has.Length.EqualTo(2), "said once");

        // Not enough for a segment, and enough for the snapshot that does away with one.
        _disk.Free(mebibytes: 1);
        await server.WaitForLogAsync("Journal space available");
        Assert.That((await RawHttp.GetHealthAsync(server.Port)).Status, Is.EqualTo(200));
        Assert.That((await RawHttp.GetHealthAsync(AdminPort)).Status, Is.EqualTo(200));
        Assert.That(await game.TryTurnAsync());

        await server.KillAsync();
    }

    // The segment after the first is made beside the start.
    private Task HasPreparedAsync(ServerChild server) => TestWait.UntilAsync(
        () => Directory.GetFiles(State, "journal-*")
            .Count(file => new FileInfo(file).Length == new JournalOptions().SegmentBytes) == 2,
        $"the second segment is there. {server.Errors}");
}
