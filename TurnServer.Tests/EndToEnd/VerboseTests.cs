using System.Runtime.InteropServices;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>Players in the server's output: tables with --verbose, and nothing in any log.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class VerboseTests
{
    private const string RightToLeftOverride = "\u202E";

    private static readonly string[] Titles =
        ["key", "name", "address", "status", "role", "partner", "age", "left", "counter", "backlog"];

    [Test]
    public async Task Verbose_prints_both_tables_with_short_keys_and_escaped_names()
    {
        await using var server = await ServerChild.StartAsync("--verbose", "0.2");
        await using var lone = await RawHttp.ConnectAsync(server.Port);
        await using var pair = await RawPair.StartAsync(server.Port, "Seated");
        var key = await lone.RegisterAsync($"0,Tricky{RightToLeftOverride}Name,*,Nobody,*");
        await pair.Players[0].PostAsync(pair.Update(0, 0, "12345"));
        await TestWait.UntilAsync(() => server.Output.Contains("5 B", StringComparison.Ordinal)
            && server.Output.Contains("Tricky", StringComparison.Ordinal), "the tables are printed");
        Assert.That(server.Output, Does.Contain("Tricky·Name").And.Not.Contain(RightToLeftOverride));
        Assert.That(server.Output, Does.Contain("players: ").And.Contain("games: 1"));
        foreach (var title in Titles)
            Assert.That(server.Output, Does.Contain(title));
        Assert.That(server.Output, Does.Contain(key[..3] + "…").And.Contain("waiting").And.Contain("127.0.0.1"));
        foreach (var whole in pair.Keys.Append(key))
            Assert.That(server.Output, Does.Not.Contain(whole));
    }

    [Test]
    public async Task Without_verbose_only_the_log_is_printed()
    {
        await using var server = await ServerChild.StartAsync();
        await using var pair = await RawPair.StartAsync(server.Port, "Quiet");
        server.Signal(PosixSignal.SIGTERM);
        await server.ExitCodeAsync();
        Assert.That(server.Output, Is.Empty);
        Assert.That(server.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(2),
            "one line at the start and one at the stop");
    }

    [TestCase("A\u001B[2J")]
    [TestCase("A\rB", Category = "Slow")]
    [TestCase("A\0", Category = "Slow")]
    public async Task A_name_with_control_characters_is_refused(string name)
    {
        await using var server = await ServerChild.StartAsync();
        await using var client = await RawHttp.ConnectAsync(server.Port);
        Assert.That((await client.PostAsync($"0,{name},*,*,*")).Body, Is.EqualTo("7/*/*"));
    }

    [Test]
    public async Task No_log_contains_a_name_a_turn_or_a_whole_key()
    {
        await using var server = await ServerChild.StartAsync("--log-level", "trace", "--body-timeout", "2");
        await using var pair = await RawPair.StartAsync(server.Port, "Secretive");
        await using var client = await RawHttp.ConnectAsync(server.Port);
        await pair.Players[0].PostAsync(pair.Update(0, 0, "secretturn"));
        await pair.Players[1].PostAsync(pair.Update(1, 0, "secretanswer"));
        await client.SendAsync(RawHttp.Head("POST / HTTP/1.1", "Content-Length: 100") + "0,Secretive,");
        await client.ReadToEndAsync();
        await pair.Players[0].SendAsync(RawHttp.Post(pair.Update(0, 1, ""), "Prefer: wait=20"));
        pair.Players[0].Reset();
        await pair.Players[1].PostAsync($"5,*,{pair.Keys[1]},{pair.Seats[1]},*");
        server.Signal(PosixSignal.SIGTERM);
        await server.ExitCodeAsync();
        Assert.That(server.Errors, Does.Contain("Stopped on SIGTERM after"));
        Assert.That(server.Errors, Does.Not.Contain("ecret"));
        foreach (var key in pair.Keys)
            Assert.That(server.Errors, Does.Not.Contain(key));
    }
}
