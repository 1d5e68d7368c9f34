using TurnServer.Tests.Support;

namespace TurnServer.Tests.Actor;

/// <summary>The actor's one timer is set for the nearest deadline and does not spin.</summary>
public sealed class DeadlineTimerTests
{
    [Test]
    public async Task WithNothingDue_NoTimerIsSet()
    {
        await using var actor = ActorDriver.Started();
        await actor.Send("2,*,99,*,*");
        await actor.Settle();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(actor.Clock.Timers, Is.EqualTo(1));
            Assert.That(actor.Clock.Delays, Is.Empty);
        }
    }

    [Test]
    public async Task ManyRequests_SetTheTimerOnce()
    {
        await using var actor = ActorDriver.Started();
        await actor.Send("0,Ann,*,Z,*");
        await actor.Settle();
        for (var i = 0; i < 100; i++)
        {
            actor.Clock.Advance(TimeSpan.FromMilliseconds(10));
            await actor.Send("2,*,0,*,*");
        }

        await actor.Send("0,Bob,*,Z,*");
        await actor.Settle();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(actor.Clock.Timers, Is.EqualTo(1));
            Assert.That(actor.Clock.Delays, Is.EqualTo(Seconds(25)));
            Assert.That(actor.Clock.WakeUps, Is.Zero);
        }
    }

    [Test]
    public async Task ANearerDeadline_SetsTheTimerAgain()
    {
        await using var actor = ActorDriver.Started();
        await actor.Send("0,Ann,*,Z,*");
        await actor.Settle();
        var held = actor.Ask("2,*,0,*,*", waitSeconds: 3);
        await actor.Settle();
        Assert.That(actor.Clock.Delays, Is.EqualTo(Seconds(25, 3)));
        actor.Clock.Advance(TimeSpan.FromSeconds(3));
        await TestWait.ForAsync(held);
        Assert.That(actor.Clock.WakeUps, Is.EqualTo(1));
    }

    [Test]
    public async Task AnExtendedDeadline_CausesOneEarlyWakeUp_AndThenOneInTime()
    {
        await using var actor = ActorDriver.Started();
        await actor.Send("0,Ann,*,Z,*");
        await actor.Settle();
        actor.Clock.Advance(TimeSpan.FromSeconds(20));
        await actor.Send("2,*,0,*,*");
        actor.Clock.Advance(TimeSpan.FromSeconds(5));
        await actor.Settle();
        var countBefore = await TestWait.ForAsync(actor.Actor.QueryAsync(table => table.PlayerCount));
        actor.Clock.Advance(TimeSpan.FromSeconds(20));
        await actor.Settle();
        var countAfter = await TestWait.ForAsync(actor.Actor.QueryAsync(table => table.PlayerCount));
        await actor.Settle();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((countBefore, countAfter), Is.EqualTo((1, 0)));
            Assert.That(actor.Clock.WakeUps, Is.EqualTo(2));
            Assert.That(actor.Clock.Delays, Is.EqualTo(Seconds(25, 20)));
        }
    }

    [Test]
    public async Task ADeadlineBetweenTwoMilliseconds_IsHandledAtTheNext()
    {
        await using var actor = ActorDriver.Started();
        await actor.Send("0,Ann,*,Z,*");
        await actor.Settle();
        actor.Clock.Advance(TimeSpan.FromMilliseconds(1.4));
        await actor.Send("2,*,0,*,*");
        actor.Clock.Advance(TimeSpan.FromMilliseconds(25_000 - 1.4));
        await actor.Settle();
        // Timers truncate: one set to 1.4 ms would fire too early, find nothing due and be set again.
        Assert.That(actor.Clock.Delays, Is.EqualTo(Seconds(25, 0.002)));
        actor.Clock.Advance(TimeSpan.FromMilliseconds(2));
        await actor.Settle();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(actor.Clock.WakeUps, Is.EqualTo(2));
            Assert.That(await actor.Send("2,*,0,*,*"), Is.EqualTo("5/*/*"));
        }
    }

    [Test]
    public async Task ATimerThatFiresTooEarly_IsSetAgain()
    {
        await using var actor =
            ActorDriver.Started(clock: new CountingClock { Earliness = TimeSpan.FromMilliseconds(3) });
        await actor.Send("0,Ann,*,Z,*");
        var held = actor.Ask("2,*,0,*,*", waitSeconds: 3);
        await actor.Settle();
        actor.Clock.Advance(TimeSpan.FromMilliseconds(2997));
        Assert.That(held.IsCompleted, Is.False);
        // Without other requests the timer alone must answer it, however often it fires early.
        for (var i = 0; i < 5; i++)
            actor.Clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(ActorDriver.Text(await TestWait.ForAsync(held)), Is.EqualTo("0/2/*"));
    }

    private static TimeSpan[] Seconds(params double[] seconds) => Array.ConvertAll(seconds, TimeSpan.FromSeconds);
}
