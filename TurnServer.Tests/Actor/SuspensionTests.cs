using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Actor;

/// <summary>
/// Silence in a time in which the actor could not run does not count: <see cref="SuspendedActor"/>.
/// </summary>
internal sealed class SuspensionTests
{
    private static readonly TimeSpan GameTimeout = new RulesOptions().GameTimeout;
    private static readonly TimeSpan Freeze = GameTimeout + TimeSpan.FromSeconds(3);

    [Test]
    public async Task AGame_GoesOnAfterAFreeze_ForTheOneWhoSpokeMeanwhile_AndForTheOther()
    {
        await using var actor = await PlayingAsync();
        actor.Clock.Advance(Freeze);
        Assert.That(await actor.Send("6,e4,2,0,0"), Is.EqualTo("0/10/*"));
        await SuspendedActor.PassAsync(actor, GameTimeout - TimeSpan.FromSeconds(1));
        Assert.That(await actor.Send("6,e5,3,1,0"), Is.EqualTo("0/9/e4"));
        SuspendedActor.AssertSaid(actor, Freeze);
    }

    [Test]
    public async Task OneWhoStaysSilent_IsDroppedAsLongAfterAFreeze_AsItHadLeftBefore()
    {
        await using var actor = await PlayingAsync();
        await SuspendedActor.PassAsync(actor, TimeSpan.FromSeconds(10));
        actor.Clock.Advance(Freeze);
        await actor.Settle();
        await SuspendedActor.PassAsync(actor, GameTimeout - TimeSpan.FromSeconds(11));
        Assert.That(await SuspendedActor.GamesAsync(actor), Is.EqualTo(1));
        await SuspendedActor.PassAsync(actor, TimeSpan.FromSeconds(1));
        Assert.That(await SuspendedActor.GamesAsync(actor), Is.Zero);
        SuspendedActor.AssertSaid(actor, Freeze);
    }

    [Test]
    public async Task AFreeze_ExtendsNothingPastTheGrace()
    {
        await using var actor = await PlayingAsync(grace: TimeSpan.FromSeconds(5));
        actor.Clock.Advance(TimeSpan.FromHours(1));
        await actor.Settle();
        await SuspendedActor.PassAsync(actor, TimeSpan.FromSeconds(4));
        Assert.That(await SuspendedActor.GamesAsync(actor), Is.EqualTo(1));
        await SuspendedActor.PassAsync(actor, TimeSpan.FromSeconds(1));
        Assert.That(await SuspendedActor.GamesAsync(actor), Is.Zero);
    }

    [Test]
    public async Task AShortFreeze_ExtendsWhatIsNear_AndLeavesWhatIsFar()
    {
        await using var actor = await PlayingAsync(grace: TimeSpan.FromSeconds(5));
        actor.Clock.Advance(TimeSpan.FromSeconds(10));
        await actor.Settle();
        await SuspendedActor.PassAsync(actor, GameTimeout - TimeSpan.FromSeconds(11));
        Assert.That(await SuspendedActor.GamesAsync(actor), Is.EqualTo(1), "dropped sooner than without a freeze");
        await SuspendedActor.PassAsync(actor, TimeSpan.FromSeconds(1));
        Assert.That(await SuspendedActor.GamesAsync(actor), Is.Zero,
            "dropped later, though there was time for a whole grace");
    }

    [Test]
    public async Task WithoutAGrace_AllTimeIsSilence_AndTheActorWakesForDeadlinesAlone()
    {
        await using var actor = await PlayingAsync(grace: TimeSpan.Zero);
        Assert.That(actor.Clock.Delays, Is.All.GreaterThan(TimeSpan.FromSeconds(20)));
        actor.Clock.Advance(Freeze);
        Assert.That(await actor.Send("6,e4,2,0,0"), Is.EqualTo("13/*/*"));
        Assert.That(SuspendedActor.Warnings(actor), Is.Empty);
    }

    [Test]
    public async Task AHeldReplyWhoseTimeIsOver_IsAnsweredAsItStands_AndItsPlayerCountsAsHeardFromThen()
    {
        await using var actor = await PlayingAsync();
        await SuspendedActor.PassAsync(actor, TimeSpan.FromSeconds(20));
        var held = actor.Ask("6,,2,0,0", waitSeconds: 5);
        await actor.Settle();
        actor.Clock.Advance(Freeze);
        Assert.That(ActorDriver.Text(await ActorDriver.Soon(held)), Is.EqualTo("0/10/*"));
        await SuspendedActor.PassAsync(actor, GameTimeout - TimeSpan.FromSeconds(1));
        Assert.That(await actor.Send("6,e4,2,0,1"), Is.EqualTo("15/*/*"), "the other's ten seconds were over");
        SuspendedActor.AssertSaid(actor, Freeze);
    }

    [Test]
    public async Task AHeldReplyWhoseTimeIsNotOver_IsHeldOn()
    {
        await using var actor = await PlayingAsync();
        var held = actor.Ask("6,,2,0,0", waitSeconds: 40);
        await actor.Settle();
        actor.Clock.Advance(Freeze);
        await actor.Send("6,e5,3,1,0");
        Assert.That(ActorDriver.Text(await ActorDriver.Soon(held)), Is.EqualTo("0/9/e5"));
    }

    [Test]
    public async Task WhileSomebodyHasADeadline_TheActorWakesEachSecond_AndTimeThatPassesIsNoFreeze()
    {
        await using var actor = Started();
        await actor.Send("0,Ann,*,Z,*");
        for (var second = 1; second <= 24; second++)
        {
            // Nobody asks anything: the timer alone wakes it.
            actor.Clock.Advance(TimeSpan.FromSeconds(1));
            await ServerChild.UntilAsync(() => actor.Clock.WakeUps == second, $"it has woken {second} times");
        }

        Assert.That(await ActorDriver.Soon(actor.Actor.QueryAsync(table => table.PlayerCount)), Is.EqualTo(1));
        await SuspendedActor.PassAsync(actor, TimeSpan.FromSeconds(1));
        Assert.That(await actor.Send("2,*,0,*,*"), Is.EqualTo("5/*/*"));
        Assert.That(SuspendedActor.Warnings(actor), Is.Empty);
    }

    [Test]
    public async Task WhileNobodyHasADeadline_TheActorSleeps_AndThatIsNoFreeze()
    {
        await using var actor = Started();
        actor.Clock.Advance(TimeSpan.FromHours(1));
        await actor.Settle();
        Assert.That(actor.Clock.Delays, Is.Empty);
        await actor.Send("0,Ann,*,*,*");
        await actor.Send("1,*,0,*,*");
        await SuspendedActor.PassAsync(actor, TimeSpan.FromSeconds(2));
        var wakeUps = actor.Clock.WakeUps;
        actor.Clock.Advance(TimeSpan.FromHours(1));
        await actor.Send("0,Bob,*,*,*");
        Assert.That(actor.Clock.WakeUps, Is.EqualTo(wakeUps));
        Assert.That(SuspendedActor.Warnings(actor), Is.Empty);
    }

    [Test]
    public async Task AJumpOfNoMoreThanTwoSeconds_IsNoFreeze()
    {
        await using var actor = await PlayingAsync();
        actor.Clock.Advance(TimeSpan.FromSeconds(2));
        await actor.Settle();
        Assert.That(SuspendedActor.Warnings(actor), Is.Empty);
        actor.Clock.Advance(TimeSpan.FromSeconds(2.001));
        await actor.Settle();
        SuspendedActor.AssertSaid(actor, TimeSpan.FromSeconds(2.001));
    }

    [Test]
    public async Task EachFreeze_IsSaidOnce()
    {
        await using var actor = await PlayingAsync();
        for (var freeze = 1; freeze <= 3; freeze++)
        {
            actor.Clock.Advance(Freeze);
            await actor.Settle();
            await SuspendedActor.PassAsync(actor, TimeSpan.FromSeconds(5));
            Assert.That(SuspendedActor.Warnings(actor), Has.Count.EqualTo(freeze));
        }
    }

    [Test]
    public async Task AFreeze_ThatEndsWithAStop_DropsNobody()
    {
        await using var actor = await PlayingAsync();
        actor.Clock.Advance(Freeze);
        await ActorDriver.Soon(actor.Actor.DrainAsync());
        Assert.That(await SuspendedActor.GamesAsync(actor), Is.EqualTo(1));
        SuspendedActor.AssertSaid(actor, Freeze);
    }

    private static ActorDriver Started(TimeSpan? grace = null)
    {
        var actor = new ActorDriver();
        actor.Actor.ExtendDeadlinesOnSuspension(grace ?? GameTimeout);
        actor.Start();
        return actor;
    }

    // Two play: seat 0 with the key 2, seat 1 with 3.
    private static async Task<ActorDriver> PlayingAsync(TimeSpan? grace = null)
    {
        var actor = Started(grace);
        foreach (var body in new[] { "0,Ann,*,*,*", "0,Bob,*,*,*", "2,*,1,*,*", "3,*,1,*,*", "3,*,0,*,*", "4,*,0,*,*" })
            await actor.Send(body);
        Assert.That(await actor.Send("4,*,1,*,*"), Is.EqualTo("0/8/2|0"));
        return actor;
    }
}
