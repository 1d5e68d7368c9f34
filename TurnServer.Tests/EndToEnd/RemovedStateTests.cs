using System.Diagnostics;
using System.Runtime.InteropServices;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>A server whose state's files are taken away while it runs.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class RemovedStateTests
{
    // Generous: it looks once a second.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [TestCase("batch", "rm -rf {0}")]
    [TestCase("always", "rm -rf {0} && mkdir {0}", Category = "Slow")]
    [TestCase("none", "mv {0} {0}.away", Category = "Slow")]
    [TestCase("batch", "mv {0} {0}.away && mkdir {0}", Category = "Slow")]
    public async Task A_directory_that_is_gone_is_critical_and_made_anew_at_the_stop(string sync, string command)
    {
        await using var place = new Place();
        LongGame game;
        await using (var server = await place.StartAsync("--state-sync", sync, "--admin-port", $"{place.AdminPort}"))
        {
            game = await LongGame.StartAsync(server.Port, "Removed");
            await place.RunAsync(command);
            await SaysAsync(server, "critical:");
            Assert.That(server.Errors, Does.Contain(place.State).And.Contain("SIGTERM"));
            await AssertSickAsync(server, place.AdminPort);
            Assert.That((await Scrape.GetAsync(place.AdminPort))["turnserver_state_lost"], Is.EqualTo(1));
            for (var i = 0; i < 3; i++)
                Assert.That(await game.TryTurnAsync());
            Assert.That(server.Errors.Split("critical:"), Has.Length.EqualTo(2), "said once");
            server.Signal(PosixSignal.SIGTERM);
            Assert.That(await server.ExitCodeAsync(), Is.Zero, server.Errors);
            Assert.That(server.Errors, Does.Contain($"Wrote the games to {place.State}"));
        }

        await AssertGoesOnAsync(place, game);
    }

    [Test, Category("Slow")]
    public async Task Games_go_on_past_the_room_of_the_segments_that_were_there()
    {
        await using var place = new Place();
        LongGame game;
        await using (var server = await place.StartAsync())
        {
            game = await LongGame.StartAsync(server.Port, "Long");
            await place.RunAsync("rm -rf {0}");
            // Three segments of 8 MiB.
            while (game.Turns < (3 << 23) / LongGame.TextLength)
                Assert.That(await game.TryTurnAsync(), server.Errors);
            await StateFolder.StopAsync(server);
        }

        await AssertGoesOnAsync(place, game);
    }

    [Test, Category("Slow")]
    public async Task A_directory_that_is_moved_away_and_back_is_well_again()
    {
        await using var place = new Place();
        LongGame game;
        await using (var server = await place.StartAsync())
        {
            game = await LongGame.StartAsync(server.Port, "Moved");
            await place.RunAsync("mv {0} {0}.away");
            await SaysAsync(server, "critical:");
            Assert.That(await game.TryTurnAsync());
            await place.RunAsync("mv {0}.away {0}");
            await SaysAsync(server, "is available again");
            Assert.That((await RawHttp.GetHealthAsync(server.Port)).Body, Is.EqualTo("ok"));
            Assert.That(await game.TryTurnAsync());
            await server.KillAsync();
        }

        await AssertGoesOnAsync(place, game);
    }

    [TestCase("rm {0}/journal-*")]
    [TestCase("rm {0}/snapshot-*", Category = "Slow")]
    [TestCase("rm -rf {0}/*", Category = "Slow")]
    public async Task Files_that_are_missing_are_written_anew_at_once(string command)
    {
        await using var place = new Place();
        LongGame game;
        await using (var server = await place.StartAsync())
        {
            game = await LongGame.StartAsync(server.Port, "Rewritten");
            Assert.That(await game.TryTurnAsync());
            await place.RunAsync(command);
            await SaysAsync(server, "-0000000");
            Assert.That(server.Errors, Does.Contain("wrote it again").And.Not.Contain("critical"));
            Assert.That((await RawHttp.GetHealthAsync(server.Port)).Body, Is.EqualTo("ok"));
            Assert.That(await game.TryTurnAsync());
            await server.KillAsync();
        }

        await AssertGoesOnAsync(place, game);
    }

    [Test, Category("Slow")]
    public async Task A_lock_that_is_missing_is_taken_again()
    {
        await using var place = new Place();
        await using var server = await place.StartAsync();
        await place.RunAsync("rm {0}/lock");
        await SaysAsync(server, "lock was missing");
        await using var second = ServerChild.Launch("--port", $"{Ports.Next()}", "--state", place.State);
        Assert.That(await second.ExitCodeAsync(), Is.EqualTo(11));
        Assert.That(second.Errors, Does.Contain("in use by another server"));
    }

    [Test, Category("Slow")]
    public async Task Another_state_in_its_place_is_left_as_it_is()
    {
        await using var place = new Place();
        await using (var other = await place.StartAsync())
            await StateFolder.StopAsync(other);
        await place.RunAsync("cp -r {0} {0}.other");
        await using var server = await place.StartAsync();
        await place.RunAsync("rm -rf {0} && mv {0}.other {0}");
        await SaysAsync(server, "critical:");
        var before = StateFolder.Contents(place.State);
        server.Signal(PosixSignal.SIGTERM);
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(11), server.Errors);
        Assert.That(server.Errors, Does.Contain("left as it is").And.Not.Contain("   at "));
        Assert.That(StateFolder.Contents(place.State), Is.EqualTo(before));
    }

    private static Task SaysAsync(ServerChild server, string text) => TestWait.UntilAsync(
        () => server.Errors.Contains(text, StringComparison.Ordinal), $"the log says \"{text}\"", Patience);

    private static async Task AssertSickAsync(ServerChild server, int adminPort)
    {
        foreach (var port in new[] { server.Port, adminPort })
        {
            var health = await RawHttp.GetHealthAsync(port);
            Assert.That(health.Status, Is.EqualTo(503));
            Assert.That(health.Body, Does.StartWith("the state directory ").And.Contain("would not survive"));
        }
    }

    private static async Task AssertGoesOnAsync(Place place, LongGame game)
    {
        await using var again = await place.StartAsync();
        game.Port = again.Port;
        Assert.That(await game.TryTurnAsync(), again.Errors);
        await game.DisposeAsync();
    }

    // A folder with the state's directory in it, and what else is made beside that.
    private sealed class Place : IAsyncDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("turnserver-state-").FullName;

        public string State => Path.Combine(_folder, "state");

        public int AdminPort { get; } = Ports.Next();

        public Task<ServerChild> StartAsync(params string[] flags) =>
            ServerChild.StartAsync(["--state", State, .. flags]);

        public async Task RunAsync(string command)
        {
            var line = string.Format(System.Globalization.CultureInfo.InvariantCulture, command, State);
            var start = new ProcessStartInfo("sh", ["-c", line]);
            var (exitCode, _, errors) = await Tool.RunAsync(start, Patience);
            Assert.That(exitCode, Is.Zero, errors);
        }

        public ValueTask DisposeAsync()
        {
            Directory.Delete(_folder, recursive: true);
            return ValueTask.CompletedTask;
        }
    }
}
