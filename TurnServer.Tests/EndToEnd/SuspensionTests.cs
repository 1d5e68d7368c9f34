using System.Diagnostics;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>A server process that is suspended for a while (SIGSTOP), as in a paused VM.</summary>
[Category("Slow")]
[Category("Process")]
internal sealed class SuspensionTests
{
    private const int TimeoutSeconds = 5;

    // Clearly longer than the timeout.
    private static readonly TimeSpan Suspension = TimeSpan.FromSeconds(TimeoutSeconds + 3);

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_game_continues_with_the_next_counters_after_a_suspension(bool hasState)
    {
        using var state = new StateFolder();
        string[] flags = ["--game-timeout", $"{TimeoutSeconds}"];
        if (hasState)
            flags = [.. flags, "--state", state.Path];
        await using var server = await ServerChild.StartAsync(flags);
        await using var pair = await RawPair.StartAsync(server.Port, "Frozen");
        Assert.That((await pair.Players[0].PostAsync(pair.Update(0, 0, "e4"))).Body, Is.EqualTo("0/10/*"));
        Assert.That((await pair.Players[1].PostAsync(pair.Update(1, 0, "e5"))).Body, Is.EqualTo("0/9/e4"));

        await SuspendAsync(server, () => pair.Players[0].SendAsync(RawHttp.Post(pair.Update(0, 1, "Nf3"))));
        Assert.That((await pair.Players[0].ReadReplyAsync()).Body, Is.EqualTo("0/9/e5"));
        Assert.That((await pair.Players[1].PostAsync(pair.Update(1, 1, "Nc6"))).Body, Is.EqualTo("0/9/Nf3"));
        await server.WaitForLogAsync("was suspended for");
        Assert.That(server.Errors.Split("was suspended for"), Has.Length.EqualTo(2), "logged once");
        if (!hasState)
            return;

        await server.KillAsync();
        await using var again = await ServerChild.StartAsync(flags);
        await using var player = await RawHttp.ConnectAsync(again.Port);
        Assert.That((await player.PostAsync(pair.Update(0, 2, ""))).Body, Is.EqualTo("0/9/Nc6"));
    }

    [Test]
    public async Task Without_a_grace_period_both_players_are_dropped()
    {
        using var state = new StateFolder();
        await using var server = await ServerChild.StartAsync("--game-timeout", $"{TimeoutSeconds}", "--state",
            state.Path, "--restart-grace", "0");
        await using var pair = await RawPair.StartAsync(server.Port, "Dropped");
        await SuspendAsync(server, () => pair.Players[0].SendAsync(RawHttp.Post(pair.Update(0, 0, "e4"))));
        Assert.That((await pair.Players[0].ReadReplyAsync()).Body, Is.EqualTo("13/*/*"));
    }

    [Test]
    public async Task A_held_reply_that_is_overdue_after_a_suspension_is_sent_unchanged()
    {
        await using var server = await ServerChild.StartAsync("--game-timeout", $"{TimeoutSeconds}");
        await using var pair = await RawPair.StartAsync(server.Port, "Held");
        var holding = await pair.Players[0].HoldAsync(pair.Update(0, 0, ""), TimeoutSeconds);
        await SuspendAsync(server, () => Task.CompletedTask);
        Assert.That((await holding.ReadReplyAsync()).Body, Is.EqualTo("0/11/*"));
        Assert.That((await holding.PostAsync(pair.Update(0, 1, "e4"))).Body, Is.EqualTo("0/10/*"));
    }

    private static async Task SuspendAsync(ServerChild server, Func<Task> meanwhile)
    {
        await server.PauseAsync();
        var watch = Stopwatch.StartNew();
        await meanwhile();
        // Real time is needed here.
        await Task.Delay(Suspension - watch.Elapsed);
        server.Resume();
    }
}
