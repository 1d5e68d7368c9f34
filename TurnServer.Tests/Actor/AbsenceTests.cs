using Microsoft.Extensions.Logging;
using TurnServer.Journal;
using TurnServer.Rules;
using TurnServer.Tests.Journal;
using TurnServer.Tests.Simulation;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Actor;

/// <summary>
/// Silence in a time in which the actor could not run does not count. A clock that jumps is a process that stood still;
/// one that is turned in steps, with the actor awake between them, is time that passes.
/// </summary>
internal sealed class AbsenceTests
{
    private static readonly TimeSpan GameTimeout = new RulesOptions().GameTimeout;
    // More than a short record reserves, and less than a long one.
    private const int LittleBytes = 256;

    private static readonly TimeSpan Freeze = GameTimeout + TimeSpan.FromSeconds(3);

    [Test]
    public async Task AGame_GoesOnAfterAFreeze_ForTheOneWhoSpokeMeanwhile_AndForTheOther()
    {
        await using var actor = await PlayingAsync();
        actor.Clock.Advance(Freeze);
        Assert.That(await actor.Send("6,e4,2,0,0"), Is.EqualTo("0/10/*"));
        await PassAsync(actor, GameTimeout - TimeSpan.FromSeconds(1));
        Assert.That(await actor.Send("6,e5,3,1,0"), Is.EqualTo("0/9/e4"));
        AssertSaid(actor, Freeze);
    }

    [Test]
    public async Task OneWhoStaysSilent_IsDroppedAsLongAfterAFreeze_AsItHadLeftBefore()
    {
        await using var actor = await PlayingAsync();
        await PassAsync(actor, TimeSpan.FromSeconds(10));
        actor.Clock.Advance(Freeze);
        await actor.Settle();
        await PassAsync(actor, GameTimeout - TimeSpan.FromSeconds(11));
        Assert.That(await GamesAsync(actor), Is.EqualTo(1));
        await PassAsync(actor, TimeSpan.FromSeconds(1));
        Assert.That(await GamesAsync(actor), Is.Zero);
        AssertSaid(actor, Freeze);
    }

    [Test]
    public async Task AFreeze_ExtendsNothingPastTheGrace()
    {
        await using var actor = await PlayingAsync(grace: TimeSpan.FromSeconds(5));
        actor.Clock.Advance(TimeSpan.FromHours(1));
        await actor.Settle();
        await PassAsync(actor, TimeSpan.FromSeconds(4));
        Assert.That(await GamesAsync(actor), Is.EqualTo(1));
        await PassAsync(actor, TimeSpan.FromSeconds(1));
        Assert.That(await GamesAsync(actor), Is.Zero);
    }

    [Test]
    public async Task AShortFreeze_ExtendsWhatIsNear_AndLeavesWhatIsFar()
    {
        await using var actor = await PlayingAsync(grace: TimeSpan.FromSeconds(5));
        actor.Clock.Advance(TimeSpan.FromSeconds(10));
        await actor.Settle();
        await PassAsync(actor, GameTimeout - TimeSpan.FromSeconds(11));
        Assert.That(await GamesAsync(actor), Is.EqualTo(1), "dropped sooner than without a freeze");
        await PassAsync(actor, TimeSpan.FromSeconds(1));
        Assert.That(await GamesAsync(actor), Is.Zero, "dropped later, though there was time for a whole grace");
    }

    [Test]
    public async Task WithoutAGrace_AllTimeIsSilence_AndTheActorWakesForDeadlinesAlone()
    {
        await using var actor = await PlayingAsync(grace: TimeSpan.Zero);
        Assert.That(actor.Clock.Delays, Is.All.GreaterThan(TimeSpan.FromSeconds(20)));
        actor.Clock.Advance(Freeze);
        Assert.That(await actor.Send("6,e4,2,0,0"), Is.EqualTo("13/*/*"));
        Assert.That(Warnings(actor), Is.Empty);
    }

    [Test]
    public async Task AHeldReplyWhoseTimeIsOver_IsAnsweredAsItStands_AndItsPlayerCountsAsHeardFromThen()
    {
        await using var actor = await PlayingAsync();
        await PassAsync(actor, TimeSpan.FromSeconds(20));
        var held = actor.Ask("6,,2,0,0", waitSeconds: 5);
        await actor.Settle();
        actor.Clock.Advance(Freeze);
        Assert.That(ActorDriver.Text(await ActorDriver.Soon(held)), Is.EqualTo("0/10/*"));
        await PassAsync(actor, GameTimeout - TimeSpan.FromSeconds(1));
        Assert.That(await actor.Send("6,e4,2,0,1"), Is.EqualTo("15/*/*"), "the other's ten seconds were over");
        AssertSaid(actor, Freeze);
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

        Assert.That(await ActorDriver.Soon(actor.Actor.InquireAsync(table => table.PlayerCount)), Is.EqualTo(1));
        await PassAsync(actor, TimeSpan.FromSeconds(1));
        Assert.That(await actor.Send("2,*,0,*,*"), Is.EqualTo("5/*/*"));
        Assert.That(Warnings(actor), Is.Empty);
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
        await PassAsync(actor, TimeSpan.FromSeconds(2));
        var wakeUps = actor.Clock.WakeUps;
        actor.Clock.Advance(TimeSpan.FromHours(1));
        await actor.Send("0,Bob,*,*,*");
        Assert.That(actor.Clock.WakeUps, Is.EqualTo(wakeUps));
        Assert.That(Warnings(actor), Is.Empty);
    }

    [Test]
    public async Task AJumpOfNoMoreThanTwoSeconds_IsNoFreeze()
    {
        await using var actor = await PlayingAsync();
        actor.Clock.Advance(TimeSpan.FromSeconds(2));
        await actor.Settle();
        Assert.That(Warnings(actor), Is.Empty);
        actor.Clock.Advance(TimeSpan.FromSeconds(2.001));
        await actor.Settle();
        AssertSaid(actor, TimeSpan.FromSeconds(2.001));
    }

    [Test]
    public async Task EachFreeze_IsSaidOnce()
    {
        await using var actor = await PlayingAsync();
        for (var freeze = 1; freeze <= 3; freeze++)
        {
            actor.Clock.Advance(Freeze);
            await actor.Settle();
            await PassAsync(actor, TimeSpan.FromSeconds(5));
            Assert.That(Warnings(actor), Has.Count.EqualTo(freeze));
        }
    }

    [Test]
    public async Task TheTimeBeforeTheStart_IsNoFreeze_NorThatBeforeTheFirstRequest()
    {
        var state = new RecordedGame();
        state.Play(turns: 2);
        state.Restart();
        await using var actor = new ActorDriver(state.Store.Table);
        actor.Actor.ExcuseAbsences(GameTimeout);
        actor.Clock.Advance(TimeSpan.FromHours(1));
        actor.Start();
        for (var second = 1; second < 5; second++)
        {
            actor.Clock.Advance(TimeSpan.FromSeconds(1));
            await ServerChild.UntilAsync(() => actor.Clock.WakeUps == second, $"it has woken {second} times");
        }

        await actor.Settle();
        Assert.That(Warnings(actor), Is.Empty);
    }

    [Test]
    public async Task AFreeze_IsOnRecord_AndReplayed()
    {
        var state = new RecordedGame();
        state.Play(turns: 2);
        await using var actor = Recording(state);
        await PassAsync(actor, TimeSpan.FromSeconds(10));
        actor.Clock.Advance(Freeze);
        await actor.Settle();
        var recovered = Recovery.Read(state.Disk)!;
        Assert.That(TableImageText.Of(recovered.Table), Is.EqualTo(TableImageText.Of(state.Store.Table)));
        Assert.That(recovered.Table.GameCount, Is.EqualTo(1));
    }

    [Test]
    public async Task AFreeze_ThatEndsWithAFullDisk_IsTakenNoteOfOnceThereIsRoom()
    {
        var state = new RecordedGame();
        state.Play(turns: 2);
        // What comes first after the freeze is the request that finds no room.
        await using var actor = Recording(state, hasTimers: false);
        await FillAllButAsync(LittleBytes, actor, state);
        actor.Clock.Advance(Freeze);
        // Longer than what is left.
        Assert.That(await actor.Send($"0,{new string('a', 60)},*,*,*"), Is.EqualTo("23/*/*"));
        actor.Clock.Advance(TimeSpan.FromHours(1));
        Assert.That(await actor.Send("0,Ann,*,*,*"), Is.EqualTo("23/*/*"));
        Assert.That(Warnings(actor), Is.Empty);

        state.Disk.RoomBytes = long.MaxValue;
        state.Store.Prepare();
        Assert.That(await actor.Send("0,Ann,*,*,*"), Does.StartWith("0/0/"));
        AssertSaid(actor, Freeze);
        Assert.That(await GamesAsync(actor), Is.EqualTo(1));
        Assert.That(TableImageText.Of(Recovery.Read(state.Disk)!.Table),
            Is.EqualTo(TableImageText.Of(state.Store.Table)));
    }

    [Test]
    public async Task AFullDisk_IsNoFreeze_HoweverLongItIsFull()
    {
        var state = new RecordedGame();
        state.Play(turns: 2);
        await using var actor = Recording(state);
        await FillAllButAsync(0, actor, state);
        actor.Clock.Advance(TimeSpan.FromHours(1));
        await actor.Settle();
        state.Disk.RoomBytes = long.MaxValue;
        state.Store.Prepare();
        Assert.That(await actor.Send("0,Ann,*,*,*"), Does.StartWith("0/0/"));
        Assert.That(Warnings(actor), Is.Empty);
        Assert.That(await GamesAsync(actor), Is.EqualTo(1));
    }

    [Test]
    public async Task AFreeze_ThatEndsWithAStop_DropsNobody()
    {
        await using var actor = await PlayingAsync();
        actor.Clock.Advance(Freeze);
        await ActorDriver.Soon(actor.Actor.DrainAsync());
        Assert.That(await GamesAsync(actor), Is.EqualTo(1));
        AssertSaid(actor, Freeze);
    }

    [Test]
    public async Task AFreeze_ThatEndsWithAStopAndAFullDisk_DropsNobody()
    {
        var state = new RecordedGame();
        state.Play(turns: 2);
        // What comes first after the freeze is the request that finds no room.
        await using var actor = Recording(state, hasTimers: false);
        await FillAllButAsync(LittleBytes, actor, state);
        actor.Clock.Advance(Freeze);
        Assert.That(await actor.Send($"0,{new string('a', 60)},*,*,*"), Is.EqualTo("23/*/*"));
        await ActorDriver.Soon(actor.Actor.DrainAsync());
        AssertSaid(actor, Freeze);
        Assert.That(state.Store.Table.GameCount, Is.EqualTo(1));
    }

    private static ActorDriver Started(TimeSpan? grace = null)
    {
        var actor = new ActorDriver();
        actor.Actor.ExcuseAbsences(grace ?? GameTimeout);
        actor.Start();
        return actor;
    }

    private static ActorDriver Recording(RecordedGame state, bool hasTimers = true)
    {
        var actor = new ActorDriver(state.Store.Table, new CountingClock { HasTimers = hasTimers });
        actor.Actor.ExcuseAbsences(GameTimeout);
        actor.Actor.RecordIn(state.Store.Journal);
        actor.Start();
        return actor;
    }

    // Leaves no segment but the one that is written to, and so much of that; with nothing left all is refused.
    private static async Task FillAllButAsync(int bytes, ActorDriver actor, RecordedGame state)
    {
        state.Disk.RoomBytes = 0;
        var first = state.Store.Journal.Current;
        while (state.Store.Journal.Current == first || (state.Store.Journal.Current.Free > bytes
            && !actor.Actor.IsStalled))
        {
            await actor.Send("6,x,99,0,0");
        }
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

    private static async Task PassAsync(ActorDriver actor, TimeSpan time)
    {
        for (var left = time; left > TimeSpan.Zero; left -= TimeSpan.FromSeconds(1))
        {
            actor.Clock.Advance(TimeSpan.FromSeconds(1));
            await actor.Settle();
        }
    }

    private static Task<int> GamesAsync(ActorDriver actor) =>
        ActorDriver.Soon(actor.Actor.InquireAsync(table => table.GameCount));

    private static List<string> Warnings(ActorDriver actor) =>
        [.. actor.Log.Entries.Where(entry => entry.Level == LogLevel.Warning).Select(entry => entry.Text)];

    private static void AssertSaid(ActorDriver actor, TimeSpan gap)
    {
        Assert.That(Warnings(actor), Has.Count.EqualTo(1));
        Assert.That(Warnings(actor)[0], Does.Contain(FormattableString.Invariant($"for {gap.TotalSeconds:0.0} s")));
    }
}
