using System.Diagnostics;
using System.Runtime.InteropServices;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>A server whose state files are removed while it runs.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class RemovedStateTests
{
    // Generous: the server checks once a second.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    [TestCase("batch", "rm -rf {0}")]
    [TestCase("always", "rm -rf {0} && mkdir {0}", Category = "Slow")]
    [TestCase("none", "mv {0} {0}.away", Category = "Slow")]
    [TestCase("batch", "mv {0} {0}.away && mkdir {0}", Category = "Slow")]
    public async Task A_removed_directory_is_critical_and_written_again_at_the_stop(string sync, string command)
    {
        using var sandbox = new Sandbox();
        LongGame game;
        await using (var server = await sandbox.StartAsync("--state-sync", sync, "--admin-port",
            $"{sandbox.AdminPort}"))
        {
            game = await LongGame.StartAsync(server.Port, "Removed");
            await sandbox.RunAsync(command);
            await server.WaitForLogAsync("critical:", Timeout);
            Assert.That(server.Errors, Does.Contain(sandbox.State).And.Contain("SIGTERM"));
            await AssertUnhealthyAsync(server, sandbox.AdminPort);
            Assert.That((await Scrape.GetAsync(sandbox.AdminPort))["turnserver_state_lost"], Is.EqualTo(1));
            for (var i = 0; i < 3; i++)
                Assert.That(await game.TryTurnAsync());
            Assert.That(server.Errors.Split("critical:"), Has.Length.EqualTo(2), "logged once");
            server.Signal(PosixSignal.SIGTERM);
            Assert.That(await server.ExitCodeAsync(), Is.Zero, server.Errors);
            Assert.That(server.Errors, Does.Contain($"Wrote the games to {sandbox.State}"));
        }

        await AssertGameContinuesAsync(sandbox, game);
    }

    [Test, Category("Slow")]
    public async Task Games_continue_beyond_the_capacity_of_the_removed_segments()
    {
        using var sandbox = new Sandbox();
        LongGame game;
        await using (var server = await sandbox.StartAsync())
        {
            game = await LongGame.StartAsync(server.Port, "Long");
            await sandbox.RunAsync("rm -rf {0}");
            // Three segments of 8 MiB.
            while (game.Turns < (3 << 23) / LongGame.TextLength)
                await game.TurnAsync();
            await StateFolder.StopAsync(server);
        }

        await AssertGameContinuesAsync(sandbox, game);
    }

    [Test, Category("Slow")]
    public async Task A_directory_that_is_moved_away_and_back_is_healthy_again()
    {
        using var sandbox = new Sandbox();
        LongGame game;
        await using (var server = await sandbox.StartAsync())
        {
            game = await LongGame.StartAsync(server.Port, "Moved");
            await sandbox.RunAsync("mv {0} {0}.away");
            await server.WaitForLogAsync("critical:", Timeout);
            Assert.That(await game.TryTurnAsync());
            await sandbox.RunAsync("mv {0}.away {0}");
            await server.WaitForLogAsync("is available again", Timeout);
            Assert.That((await RawHttp.GetHealthAsync(server.Port)).Body, Is.EqualTo("ok"));
            Assert.That(await game.TryTurnAsync());
            await server.KillAsync();
        }

        await AssertGameContinuesAsync(sandbox, game);
    }

    [TestCase("rm {0}/journal-*")]
    [TestCase("rm {0}/snapshot-*", Category = "Slow")]
    [TestCase("rm -rf {0}/*", Category = "Slow")]
    public async Task Missing_files_are_replaced_at_once(string command)
    {
        using var sandbox = new Sandbox();
        LongGame game;
        await using (var server = await sandbox.StartAsync())
        {
            game = await LongGame.StartAsync(server.Port, "Rewritten");
            Assert.That(await game.TryTurnAsync());
            await sandbox.RunAsync(command);
            await server.WaitForLogAsync("-0000000", Timeout);
            Assert.That(server.Errors, Does.Contain("wrote it again").And.Not.Contain("critical"));
            Assert.That((await RawHttp.GetHealthAsync(server.Port)).Body, Is.EqualTo("ok"));
            Assert.That(await game.TryTurnAsync());
            await server.KillAsync();
        }

        await AssertGameContinuesAsync(sandbox, game);
    }

    [Test, Category("Slow")]
    public async Task A_missing_lock_is_taken_again()
    {
        using var sandbox = new Sandbox();
        await using var server = await sandbox.StartAsync();
        await sandbox.RunAsync("rm {0}/lock");
        await server.WaitForLogAsync("lock was missing", Timeout);
        await using var second = ServerChild.Launch("--port", $"{Ports.Next()}", "--state", sandbox.State);
        Assert.That(await second.ExitCodeAsync(), Is.EqualTo(11));
        Assert.That(second.Errors, Does.Contain("in use by another server"));
    }

    [Test, Category("Slow")]
    public async Task Another_state_in_its_place_is_left_unchanged()
    {
        using var sandbox = new Sandbox();
        await using (var other = await sandbox.StartAsync())
            await StateFolder.StopAsync(other);
        await sandbox.RunAsync("cp -r {0} {0}.other");
        await using var server = await sandbox.StartAsync();
        await sandbox.RunAsync("rm -rf {0} && mv {0}.other {0}");
        await server.WaitForLogAsync("critical:", Timeout);
        var before = StateFolder.Contents(sandbox.State);
        server.Signal(PosixSignal.SIGTERM);
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(11), server.Errors);
        Assert.That(server.Errors, Does.Contain("left as it is").And.Not.Contain("   at "));
        Assert.That(StateFolder.Contents(sandbox.State), Is.EqualTo(before));
    }

    private static async Task AssertUnhealthyAsync(ServerChild server, int adminPort)
    {
        foreach (var port in new[] { server.Port, adminPort })
        {
            var health = await RawHttp.GetHealthAsync(port);
            Assert.That(health.Status, Is.EqualTo(503));
            Assert.That(health.Body, Does.StartWith("the state directory ").And.Contain("would not survive"));
        }
    }

    private static async Task AssertGameContinuesAsync(Sandbox sandbox, LongGame game)
    {
        await using var again = await sandbox.StartAsync();
        game.Port = again.Port;
        Assert.That(await game.TryTurnAsync(), again.Errors);
        await game.DisposeAsync();
    }

    // A temporary directory with the state directory and other test files in it.
    private sealed class Sandbox() : TempFolder("turnserver-state-")
    {
        public string State => PathOf("state");

        public int AdminPort { get; } = Ports.Next();

        public Task<ServerChild> StartAsync(params string[] flags) =>
            ServerChild.StartAsync(["--state", State, .. flags]);

        /// <summary>Runs a shell command in which {0} is the state directory.</summary>
        public async Task RunAsync(string command)
        {
            var line = string.Format(System.Globalization.CultureInfo.InvariantCulture, command, State);
            var start = new ProcessStartInfo("sh", ["-c", line]);
            var (exitCode, _, errors) = await Tool.RunAsync(start, Timeout);
            Assert.That(exitCode, Is.Zero, errors);
        }
    }
}
