using TurnServer.Actor;
using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Actor;

/// <summary>Requests, queries and drain of the actor.</summary>
public sealed class TurnActorTests
{
    [Test]
    public async Task Ask_OfARequest_IsAnswered()
    {
        await using var actor = ActorDriver.Started();
        var registered = await TestWait.ForAsync(actor.Ask("0,Ann,*,*,*"));
        var unknown = await TestWait.ForAsync(actor.Ask("2,*,99,*,*"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ActorDriver.Text(registered), Is.EqualTo("0/0/0"));
            Assert.That(registered.Error, Is.EqualTo(ErrorCode.None));
            Assert.That((registered.WasHeld, registered.AppliedWaitSeconds), Is.EqualTo((false, 0)));
            Assert.That(ActorDriver.Text(unknown), Is.EqualTo("5/*/*"));
            Assert.That(unknown.Error, Is.EqualTo(ErrorCode.NotRegistered));
        }
    }

    [Test]
    public async Task Ask_BeforeTheLoopRuns_IsAnsweredLater()
    {
        await using var actor = new ActorDriver();
        var reply = actor.Ask("0,Ann,*,*,*");
        Assert.That(reply.IsCompleted, Is.False);
        actor.Start();
        Assert.That(ActorDriver.Text(await TestWait.ForAsync(reply)), Is.EqualTo("0/0/0"));
    }

    [Test]
    public async Task AHeldReply_IsCompletedByThePartnersRequest_WithItsAppliedWait()
    {
        await using var actor = ActorDriver.Started();
        await actor.Send("0,Ann,*,*,*");
        var held = actor.Ask("2,*,0,*,*", waitSeconds: 10);
        await actor.Send("0,Cid,*,*,*");
        Assert.That(held.IsCompleted, Is.False);
        await actor.Send("2,*,1,*,*");
        var reply = await TestWait.ForAsync(held);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ActorDriver.Text(reply), Is.EqualTo("0/4/Cid"));
            Assert.That((reply.WasHeld, reply.AppliedWaitSeconds), Is.EqualTo((true, 10)));
        }
    }

    [Test]
    public async Task AReplyThatWasNotHeld_HasNoAppliedWait()
    {
        await using var actor = ActorDriver.Started();
        var reply = await TestWait.ForAsync(actor.Ask("0,Ann,*,*,*", waitSeconds: 10));
        Assert.That((reply.WasHeld, reply.AppliedWaitSeconds), Is.EqualTo((false, 0)));
    }

    [Test]
    public async Task AHeldReply_IsCompletedWhenItsTimeIsUp_AndNotBefore()
    {
        await using var actor = ActorDriver.Started();
        await actor.Send("0,Ann,*,*,*");
        var held = actor.Ask("2,*,0,*,*", waitSeconds: 10);
        await actor.Settle();
        actor.Clock.Advance(TimeSpan.FromSeconds(9.999));
        await actor.Settle();
        Assert.That(held.IsCompleted, Is.False);
        actor.Clock.Advance(TimeSpan.FromMilliseconds(1));
        var reply = await TestWait.ForAsync(held);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ActorDriver.Text(reply), Is.EqualTo("0/2/*"));
            Assert.That((reply.WasHeld, reply.AppliedWaitSeconds), Is.EqualTo((true, 10)));
        }
    }

    [Test]
    public async Task ADroppedPartner_CompletesAHeldReplyWithoutARequest()
    {
        await using var actor = ActorDriver.Started();
        foreach (var body in new[] { "0,Ann,*,*,*", "0,Bob,*,*,*", "2,*,1,*,*", "3,*,1,*,*" })
            await actor.Send(body);
        var held = actor.Ask("4,*,1,*,*", waitSeconds: 100);
        await actor.Settle();
        actor.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.That(ActorDriver.Text(await TestWait.ForAsync(held)), Is.EqualTo("9/2/*"));
    }

    [Test]
    public async Task AFullMailbox_IsAnsweredServerBusy_AndTheRequestIsNotTaken()
    {
        await using var actor = new ActorDriver();
        var taken = Enumerable.Range(0, TurnActor.MailboxCapacity).Select(_ => actor.Ask("0,Ann,*,*,*")).ToArray();
        var refused = actor.Ask("0,Bob,*,*,*");
        Assert.That(refused.IsCompleted);
        var reply = await refused;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ActorDriver.Text(reply), Is.EqualTo("23/*/*"));
            Assert.That((reply.Error, reply.IsOverload), Is.EqualTo((ErrorCode.ServerBusy, true)));
            Assert.That(taken.Any(ask => ask.IsCompleted), Is.False);
            Assert.That(async () => await actor.Actor.QueryAsync(table => table.PlayerCount),
                Throws.TypeOf<ActorBusyException>());
        }

        actor.Start();
        await TestWait.ForAsync(Task.WhenAll(taken));
        var players = await TestWait.ForAsync(actor.Actor.QueryAsync(table => table.PlayerCount));
        Assert.That(players, Is.EqualTo(taken.Length));
    }

    [Test]
    public async Task Drain_AnswersHeldReplies_AndHoldsNoneAfterwards()
    {
        await using var actor = ActorDriver.Started();
        await actor.Send("0,Ann,*,Z,*");
        await actor.Send("0,Bob,*,Z,*");
        var held = new[] { actor.Ask("2,*,0,*,*", waitSeconds: 10), actor.Ask("2,*,1,*,*", waitSeconds: 10) };
        await actor.Settle();
        Assert.That(held.Any(reply => reply.IsCompleted), Is.False);
        await TestWait.ForAsync(actor.Actor.DrainAsync());
        var replies = await TestWait.ForAsync(Task.WhenAll(held));
        var after = await TestWait.ForAsync(actor.Ask("2,*,0,*,*", waitSeconds: 10));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(replies.Select(ActorDriver.Text), Is.All.EqualTo("0/2/*"));
            Assert.That(ActorDriver.Text(after), Is.EqualTo("0/2/*"));
            Assert.That((after.WasHeld, after.AppliedWaitSeconds), Is.EqualTo((false, 0)));
        }
    }

    [Test]
    public async Task Stop_EndsTheLoop_WhenTheMailboxIsEmpty()
    {
        await using var actor = new ActorDriver();
        var reply = actor.Ask("0,Ann,*,*,*");
        actor.Actor.Stop();
        actor.Start();
        await actor.Loop;
        Assert.That(ActorDriver.Text(await TestWait.ForAsync(reply)), Is.EqualTo("0/0/0"));
    }

    [Test]
    public async Task Query_SeesTheTableAsOfNow_BeforeTheTimerFires()
    {
        await using var actor = ActorDriver.Started(clock: new CountingClock { HasTimers = false });
        await actor.Send("0,Ann,*,*,*");
        var before = await TestWait.ForAsync(actor.Actor.QueryAsync(table => table.PlayerCount));
        actor.Clock.Advance(TimeSpan.FromSeconds(25));
        var after = await TestWait.ForAsync(actor.Actor.QueryAsync(table => table.PlayerCount));
        Assert.That((before, after), Is.EqualTo((1, 0)));
    }

    [Test]
    public async Task Query_WithNothingDue_SeesTheCurrentTime()
    {
        await using var driver = ActorDriver.Started();
        await driver.Send("0,Ann,*,*,*");
        driver.Clock.Advance(TimeSpan.FromSeconds(3));
        Assert.That(await TestWait.ForAsync(driver.Actor.QueryAsync(table => table.Now)),
            Is.EqualTo(TimeSpan.FromSeconds(3)));
    }

    [Test]
    public async Task TheTablesClock_StartsWithTheLoop()
    {
        await using var driver = new ActorDriver();
        driver.Clock.Advance(TimeSpan.FromSeconds(3));
        driver.Start();
        driver.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.That(await TestWait.ForAsync(driver.Actor.QueryAsync(table => table.Now)),
            Is.EqualTo(TimeSpan.FromSeconds(2)));
    }

    [Test]
    public async Task Continuations_DoNotRunOnTheActorsThread()
    {
        // All three are posted before the loop runs; an idle actor would answer them on this thread.
        await using var actor = new ActorDriver();
        using var release = new ManualResetEventSlim();
        using var blocked = new CountdownEvent(3);
        var blockers = new[]
        {
            Block(actor.Ask("0,Ann,*,*,*")),
            Block(actor.Actor.QueryAsync(table => table.PlayerCount)),
            Block(actor.Actor.DrainAsync()),
        };
        actor.Start();
        // Each of them now blocks in its continuation; the actor must not.
        Assert.That(blocked.Wait(TimeSpan.FromSeconds(20)));
        Assert.That(await actor.Send("2,*,0,*,*"), Is.EqualTo("0/2/*"));
        release.Set();
        await TestWait.ForAsync(Task.WhenAll(blockers));

        Task Block(Task task) => task.ContinueWith(_ =>
        {
            blocked.Signal();
            release.Wait(TimeSpan.FromSeconds(20));
        }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    [Test]
    public void RandomKeys_AreBelow2Pow53_AndAllDifferent()
    {
        var source = new RandomKeySource();
        var another = new RandomKeySource();
        var keys = Enumerable.Range(0, 100_000).SelectMany(_ => (ulong[])[source.Draw(), another.Draw()]).ToArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(keys.Max(), Is.LessThan(ProtocolLimits.KeyEnd));
            Assert.That(keys.Max(), Is.GreaterThan(ProtocolLimits.KeyEnd / 2), "the highest bit is used");
            Assert.That(keys.Distinct().Count(), Is.EqualTo(keys.Length));
        }
    }
}
