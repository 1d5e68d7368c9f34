using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Actor;

/// <summary>Silence during a suspension of the process does not count.</summary>
internal sealed class SuspensionTests
{
    private static readonly TimeSpan GameTimeout = new RulesOptions().GameTimeout;
    private static readonly TimeSpan LongSuspension = GameTimeout + TimeSpan.FromSeconds(3);

    [Test]
    public async Task AGame_ContinuesAfterASuspension_ForBothPlayers()
    {
        await using var actor = await PlayingAsync();
        actor.Clock.Advance(LongSuspension);
        Assert.That(await actor.Send("6,e4,2,0,0"), Is.EqualTo("0/10/*"));
        await actor.AdvanceAsync(GameTimeout - TimeSpan.FromSeconds(1));
        Assert.That(await actor.Send("6,e5,3,1,0"), Is.EqualTo("0/9/e4"));
        actor.AssertSuspensionLogged(LongSuspension);
    }

    [Test]
    public async Task ASilentPlayer_HasAsMuchTimeAfterASuspension_AsItHadBefore()
    {
        await using var actor = await PlayingAsync();
        await actor.AdvanceAsync(TimeSpan.FromSeconds(10));
        actor.Clock.Advance(LongSuspension);
        await actor.Settle();
        await actor.AdvanceAsync(GameTimeout - TimeSpan.FromSeconds(11));
        Assert.That(await actor.GameCountAsync(), Is.EqualTo(1));
        await actor.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.That(await actor.GameCountAsync(), Is.Zero);
        actor.AssertSuspensionLogged(LongSuspension);
    }

    [Test]
    public async Task ASuspension_ExtendsNoDeadlineBeyondTheGrace()
    {
        await using var actor = await PlayingAsync(grace: TimeSpan.FromSeconds(5));
        actor.Clock.Advance(TimeSpan.FromHours(1));
        await actor.Settle();
        await actor.AdvanceAsync(TimeSpan.FromSeconds(4));
        Assert.That(await actor.GameCountAsync(), Is.EqualTo(1));
        await actor.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.That(await actor.GameCountAsync(), Is.Zero);
    }

    [Test]
    public async Task AShortSuspension_ExtendsNearDeadlines_AndLeavesFarOnes()
    {
        await using var actor = await PlayingAsync(grace: TimeSpan.FromSeconds(5));
        actor.Clock.Advance(TimeSpan.FromSeconds(10));
        await actor.Settle();
        await actor.AdvanceAsync(GameTimeout - TimeSpan.FromSeconds(11));
        Assert.That(await actor.GameCountAsync(), Is.EqualTo(1), "dropped sooner than without a suspension");
        await actor.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.That(await actor.GameCountAsync(), Is.Zero,
            "dropped later, although the full grace had passed");
    }

    [Test]
    public async Task WithoutAGrace_SuspensionsCountAsSilence_AndTheActorWakesForDeadlinesOnly()
    {
        await using var actor = await PlayingAsync(grace: TimeSpan.Zero);
        Assert.That(actor.Clock.Delays, Is.All.GreaterThan(TimeSpan.FromSeconds(20)));
        actor.Clock.Advance(LongSuspension);
        Assert.That(await actor.Send("6,e4,2,0,0"), Is.EqualTo("13/*/*"));
        Assert.That(actor.Warnings, Is.Empty);
    }

    [Test]
    public async Task AHeldReplyWhoseTimeIsUp_IsAnswered_AndItsPlayerCountsAsHeardAtThatTime()
    {
        await using var actor = await PlayingAsync();
        await actor.AdvanceAsync(TimeSpan.FromSeconds(20));
        var held = actor.Ask("6,,2,0,0", waitSeconds: 5);
        await actor.Settle();
        actor.Clock.Advance(LongSuspension);
        Assert.That(ActorDriver.Text(await TestWait.ForAsync(held)), Is.EqualTo("0/10/*"));
        await actor.AdvanceAsync(GameTimeout - TimeSpan.FromSeconds(1));
        Assert.That(await actor.Send("6,e4,2,0,1"), Is.EqualTo("15/*/*"), "the partner's ten seconds were over");
        actor.AssertSuspensionLogged(LongSuspension);
    }

    [Test]
    public async Task AHeldReplyWhoseTimeIsNotUp_StaysHeld()
    {
        await using var actor = await PlayingAsync();
        var held = actor.Ask("6,,2,0,0", waitSeconds: 40);
        await actor.Settle();
        actor.Clock.Advance(LongSuspension);
        await actor.Send("6,e5,3,1,0");
        Assert.That(ActorDriver.Text(await TestWait.ForAsync(held)), Is.EqualTo("0/9/e5"));
    }

    [Test]
    public async Task WithPendingDeadlines_TheActorWakesEverySecond_AndPassingTimeIsNoSuspension()
    {
        await using var actor = Started();
        await actor.Send("0,Ann,*,Z,*");
        for (var second = 1; second <= 24; second++)
        {
            // No requests: only the timer wakes it.
            actor.Clock.Advance(TimeSpan.FromSeconds(1));
            await TestWait.UntilAsync(() => actor.Clock.WakeUps == second, $"it has woken {second} times");
        }

        Assert.That(await TestWait.ForAsync(actor.Actor.QueryAsync(table => table.PlayerCount)), Is.EqualTo(1));
        await actor.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.That(await actor.Send("2,*,0,*,*"), Is.EqualTo("5/*/*"));
        Assert.That(actor.Warnings, Is.Empty);
    }

    [Test]
    public async Task WithoutDeadlines_TheActorSleeps_AndThatIsNoSuspension()
    {
        await using var actor = Started();
        actor.Clock.Advance(TimeSpan.FromHours(1));
        await actor.Settle();
        Assert.That(actor.Clock.Delays, Is.Empty);
        await actor.Send("0,Ann,*,*,*");
        await actor.Send("1,*,0,*,*");
        await actor.AdvanceAsync(TimeSpan.FromSeconds(2));
        var wakeUps = actor.Clock.WakeUps;
        actor.Clock.Advance(TimeSpan.FromHours(1));
        await actor.Send("0,Bob,*,*,*");
        Assert.That(actor.Clock.WakeUps, Is.EqualTo(wakeUps));
        Assert.That(actor.Warnings, Is.Empty);
    }

    [Test]
    public async Task AGapOfTwoSeconds_IsNoSuspension()
    {
        await using var actor = await PlayingAsync();
        actor.Clock.Advance(TimeSpan.FromSeconds(2));
        await actor.Settle();
        Assert.That(actor.Warnings, Is.Empty);
        actor.Clock.Advance(TimeSpan.FromSeconds(2.001));
        await actor.Settle();
        actor.AssertSuspensionLogged(TimeSpan.FromSeconds(2.001));
    }

    [Test]
    public async Task EachSuspension_IsLoggedOnce()
    {
        await using var actor = await PlayingAsync();
        for (var suspension = 1; suspension <= 3; suspension++)
        {
            actor.Clock.Advance(LongSuspension);
            await actor.Settle();
            await actor.AdvanceAsync(TimeSpan.FromSeconds(5));
            Assert.That(actor.Warnings, Has.Count.EqualTo(suspension));
        }
    }

    [Test]
    public async Task ASuspension_ThatEndsWithADrain_DropsNoPlayer()
    {
        await using var actor = await PlayingAsync();
        actor.Clock.Advance(LongSuspension);
        await TestWait.ForAsync(actor.Actor.DrainAsync());
        Assert.That(await actor.GameCountAsync(), Is.EqualTo(1));
        actor.AssertSuspensionLogged(LongSuspension);
    }

    private static ActorDriver Started(TimeSpan? grace = null)
    {
        var actor = new ActorDriver();
        actor.Actor.ExtendDeadlinesOnSuspension(grace ?? GameTimeout);
        actor.Start();
        return actor;
    }

    // Two players in a game: seat 0 with key 2, seat 1 with key 3.
    private static async Task<ActorDriver> PlayingAsync(TimeSpan? grace = null)
    {
        var actor = Started(grace);
        foreach (var body in new[] { "0,Ann,*,*,*", "0,Bob,*,*,*", "2,*,1,*,*", "3,*,1,*,*", "3,*,0,*,*", "4,*,0,*,*" })
            await actor.Send(body);
        Assert.That(await actor.Send("4,*,1,*,*"), Is.EqualTo("0/8/2|0"));
        return actor;
    }
}
