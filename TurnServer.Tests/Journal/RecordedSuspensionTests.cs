using TurnServer.Journal;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Journal;

/// <summary>A recording actor that could not run for a while: restarts, and a disk that is full meanwhile.</summary>
internal sealed class RecordedSuspensionTests
{
    // More than a short record reserves, less than a long one.
    private const int ShortRecordBytes = 256;

    private static readonly TimeSpan GameTimeout = new RulesOptions().GameTimeout;
    private static readonly TimeSpan Freeze = GameTimeout + TimeSpan.FromSeconds(3);
    private static readonly string LongRequest = $"0,{new string('a', 60)},*,*,*";

    [Test]
    public async Task TimeBeforeTheStartOrTheFirstRequest_IsNoFreeze()
    {
        var state = new RecordedGame();
        state.Play(turns: 2);
        state.Restart();
        await using var actor = new ActorDriver(state.Store.Table);
        actor.Actor.ExtendDeadlinesOnSuspension(GameTimeout);
        actor.Clock.Advance(TimeSpan.FromHours(1));
        actor.Start();
        for (var second = 1; second < 5; second++)
        {
            actor.Clock.Advance(TimeSpan.FromSeconds(1));
            await TestWait.UntilAsync(() => actor.Clock.WakeUps == second, $"it has woken {second} times");
        }

        await actor.Settle();
        Assert.That(actor.Warnings, Is.Empty);
    }

    [Test]
    public async Task AFreeze_IsRecordedAndReplayed()
    {
        var state = new RecordedGame();
        state.Play(turns: 2);
        await using var actor = Recording(state);
        await actor.AdvanceAsync(TimeSpan.FromSeconds(10));
        actor.Clock.Advance(Freeze);
        await actor.Settle();
        var recovered = Recovery.Read(state.Disk)!;
        Assert.That(TableSnapshotText.Of(recovered.Table), Is.EqualTo(TableSnapshotText.Of(state.Store.Table)));
        Assert.That(recovered.Table.GameCount, Is.EqualTo(1));
    }

    [Test]
    public async Task AFreeze_ThatEndsWithAFullDisk_IsHandledOnceThereIsSpace()
    {
        var state = new RecordedGame();
        await using var actor = await FreezeOnAFullDiskAsync(state);
        // Longer than the space left.
        Assert.That(await actor.Send(LongRequest), Is.EqualTo("23/*/*"));
        actor.Clock.Advance(TimeSpan.FromHours(1));
        Assert.That(await actor.Send("0,Ann,*,*,*"), Is.EqualTo("23/*/*"));
        Assert.That(actor.Warnings, Is.Empty);

        state.Disk.RoomBytes = long.MaxValue;
        state.Store.Preparer.Prepare();
        Assert.That(await actor.Send("0,Ann,*,*,*"), Does.StartWith("0/0/"));
        actor.AssertSuspensionLogged(Freeze);
        Assert.That(await actor.GameCountAsync(), Is.EqualTo(1));
        Assert.That(TableSnapshotText.Of(Recovery.Read(state.Disk)!.Table),
            Is.EqualTo(TableSnapshotText.Of(state.Store.Table)));
    }

    [Test]
    public async Task AFullDisk_IsNoFreezeHoweverLong()
    {
        var state = new RecordedGame();
        state.Play(turns: 2);
        await using var actor = Recording(state);
        await FillDiskAsync(0, actor, state);
        actor.Clock.Advance(TimeSpan.FromHours(1));
        await actor.Settle();
        state.Disk.RoomBytes = long.MaxValue;
        state.Store.Preparer.Prepare();
        Assert.That(await actor.Send("0,Ann,*,*,*"), Does.StartWith("0/0/"));
        Assert.That(actor.Warnings, Is.Empty);
        Assert.That(await actor.GameCountAsync(), Is.EqualTo(1));
    }

    [Test]
    public async Task AFreeze_ThatEndsWithAStopAndAFullDisk_DropsNoClient()
    {
        var state = new RecordedGame();
        await using var actor = await FreezeOnAFullDiskAsync(state);
        Assert.That(await actor.Send(LongRequest), Is.EqualTo("23/*/*"));
        await TestWait.ForAsync(actor.Actor.DrainAsync());
        actor.AssertSuspensionLogged(Freeze);
        Assert.That(state.Store.Table.GameCount, Is.EqualTo(1));
    }

    private static ActorDriver Recording(RecordedGame state, bool hasTimers = true)
    {
        var actor = new ActorDriver(state.Store.Table, new CountingClock { HasTimers = hasTimers });
        actor.Actor.ExtendDeadlinesOnSuspension(GameTimeout);
        actor.Actor.RecordIn(state.Store.Journal);
        actor.Start();
        return actor;
    }

    // The first event after the freeze is the request that finds no space.
    private static async Task<ActorDriver> FreezeOnAFullDiskAsync(RecordedGame state)
    {
        state.Play(turns: 2);
        var actor = Recording(state, hasTimers: false);
        await FillDiskAsync(ShortRecordBytes, actor, state);
        actor.Clock.Advance(Freeze);
        return actor;
    }

    // Leaves no segment but the current one, and at most this much space in it; with none left requests are refused.
    private static async Task FillDiskAsync(int bytes, ActorDriver actor, RecordedGame state)
    {
        state.Disk.RoomBytes = 0;
        var first = state.Store.Journal.Current;
        while (state.Store.Journal.Current == first || (state.Store.Journal.Current.Free > bytes
            && !actor.Actor.IsStalled))
        {
            await actor.Send("6,x,99,0,0");
        }
    }
}
