using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Journal;
using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Tests.Simulation;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Journal;

/// <summary>An actor with a journal, and its behavior when the disk is full, slow or broken.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RecordingActorTests
{
    private static readonly JournalOptions Options = new() { SegmentBytes = 32 * 1024 };

    [Test]
    public async Task A_full_disk_refuses_all_requests_and_drops_no_client_however_long()
    {
        var disk = new SimulatedDisk();
        var store = Begin(disk, Options);
        await using var actor = Actor(store);
        await actor.Send("0,Ann,*,*,*");
        disk.RoomBytes = 0;
        var refused = await FillAsync(actor);
        Assert.That(refused.Error, Is.EqualTo(ErrorCode.ServerBusy));
        var players = store.Table.PlayerCount;
        Assert.That(() => store.Preparer.Prepare(), Throws.TypeOf<IOException>());
        actor.Clock.Advance(TimeSpan.FromHours(1));
        Assert.That(await actor.Send("0,Late,*,*,*"), Is.EqualTo("23/*/*"));
        Assert.That((store.Table.PlayerCount, actor.Actor.IsStalled), Is.EqualTo((players, true)));

        disk.RoomBytes = long.MaxValue;
        store.Preparer.Prepare();
        Assert.That(await actor.Send("0,Late,*,*,*"), Does.StartWith("0/0/"));
        Assert.That((store.Table.PlayerCount, actor.Actor.IsStalled), Is.EqualTo((players + 1, false)));
        // Time resumes where it stopped.
        actor.Clock.Advance(new RulesOptions().PairingTimeout - TimeSpan.FromSeconds(1));
        await actor.Settle();
        Assert.That(store.Table.PlayerCount, Is.EqualTo(players + 1));
        actor.Clock.Advance(TimeSpan.FromSeconds(2));
        await actor.Settle();
        Assert.That(store.Table.PlayerCount, Is.Zero);
        Assert.That(Recovery.Read(disk)!.Table.PlayerCount, Is.Zero, "the journal holds the same");
    }

    [Test]
    public async Task With_always_a_reply_leaves_after_the_sync()
    {
        var disk = new SimulatedDisk();
        var store = Begin(disk, Options with { Sync = StateSync.Always });
        await using var actor = Actor(store);
        var reply = actor.Ask("0,Ann,*,*,*");
        await actor.Settle();
        Assert.That(reply.IsCompleted, Is.False);
        store.Syncer.Sync();
        Assert.That(ActorDriver.Text(await TestWait.ForAsync(reply)), Is.EqualTo("0/0/0"));
    }

    [Test]
    public async Task With_batch_a_reply_does_not_wait_for_the_sync()
    {
        var disk = new SimulatedDisk();
        await using var actor = Actor(Begin(disk, Options));
        var flushes = disk.Flushes;
        Assert.That(await actor.Send("0,Ann,*,*,*"), Is.EqualTo("0/0/0"));
        Assert.That(disk.Flushes, Is.EqualTo(flushes));
        Assert.That(Recovery.Read(disk)!.Table.PlayerCount, Is.EqualTo(1));
    }

    [Test]
    public async Task A_request_that_the_rules_throw_on_is_not_recorded()
    {
        var disk = new SimulatedDisk();
        var settings = new StateSettings(new RulesOptions(), HasSequentialKeys: false);
        var store = StateStore.Open(disk, Options, settings, _ => new FailingKeys());
        store.Begin();
        await using var actor = Actor(store);
        await actor.Send("0,Ann,*,*,*");
        Assert.That(() => actor.Send("0,Bob,*,*,*"), Throws.TypeOf<ActorFailedException>());
        Assert.That(Recovery.Read(disk)!.Table.PlayerCount, Is.EqualTo(1));
    }

    [Test]
    public async Task A_request_without_a_valid_key_takes_no_space_however_long()
    {
        var disk = new SimulatedDisk();
        var store = Begin(disk, Options);
        await using var actor = Actor(store);
        var before = store.Journal.Position;
        Assert.That(await actor.Send($"6,{new string('x', 10_000)},1,0,0"), Is.EqualTo("13/*/*"));
        Assert.That(store.Journal.Position - before, Is.InRange(1, 24));
        Assert.That(Recovery.Read(disk)!.Requests, Is.EqualTo(1));
    }

    [Test]
    public async Task After_an_unrecorded_drain_no_request_is_recorded()
    {
        var disk = new SimulatedDisk();
        var store = Begin(disk, Options);
        await using var actor = Actor(store);
        disk.RoomBytes = 0;
        await FillAsync(actor);
        await TestWait.ForAsync(actor.Actor.DrainAsync());
        disk.RoomBytes = long.MaxValue;
        store.Preparer.Prepare();
        var records = store.Journal.RecordCount;
        Assert.That(await actor.Send("0,Late,*,*,*"), Is.EqualTo("23/*/*"));
        Assert.That(store.Journal.RecordCount, Is.EqualTo(records));
    }

    [Test]
    public void A_start_refused_for_lack_of_space_leaves_no_files()
    {
        var disk = new SimulatedDisk();
        var store = Begin(disk, Options);
        store.Dispose();
        var before = disk.List();
        disk.RoomBytes = before.Sum(name => disk.ContentOf(name).Length) + Options.SegmentBytes + 10;
        Assert.That(() => Begin(disk, Options), Throws.TypeOf<StateException>().With.Message.Contains("needs space"));
        Assert.That(disk.List(), Is.EquivalentTo(before));
    }

    [Test]
    public void The_metrics_can_be_scraped_as_the_server_stops()
    {
        var store = Begin(new SimulatedDisk(), Options);
        var counters = new JournalCounters();
        counters.Watch(store);
        store.Finish();
        Assert.That(counters.Read().SnapshotBytes, Is.Positive);
    }

    [Test]
    public async Task A_failing_disk_ends_the_workers()
    {
        var disk = new SimulatedDisk();
        var store = Begin(disk, Options);
        var counters = new JournalCounters();
        using var workers = new StateWorkers(store, Options, counters, Watch(store, new RecordingLog()),
            new RecordingLog());
        var running = workers.RunAsync();
        disk.FailsToFlush = true;
        await using var actor = Actor(store);
        await actor.Send("0,Ann,*,*,*");
        Assert.That(() => TestWait.ForAsync(running), Throws.InstanceOf<IOException>());
        workers.Stop();
    }

    [Test]
    public async Task A_full_disk_is_logged_once_as_critical_and_again_when_it_is_over()
    {
        var disk = new SimulatedDisk();
        var store = Begin(disk, Options);
        var log = new RecordingLog();
        using var workers = new StateWorkers(store, Options, new JournalCounters(),
            Watch(store, log), log);
        disk.RoomBytes = 0;
        var running = workers.RunAsync();
        await using var actor = Actor(store);
        await FillAsync(actor);
        await TestWait.UntilAsync(() => Count(log, LogLevel.Critical) > 0, "it is logged");
        disk.RoomBytes = long.MaxValue;
        await TestWait.UntilAsync(() => Count(log, LogLevel.Information) > 0, "it is over");
        Assert.That(Count(log, LogLevel.Critical), Is.EqualTo(1));
        workers.Stop();
        await TestWait.ForAsync(running);
    }

    /// <summary>Kills it at every step of beginning (0), compacting (1) and stopping (2).</summary>
    [Test]
    public void Killed_between_any_two_disk_operations_it_recovers_everything([Values(0, 1, 2)] int phase)
    {
        for (var step = 1; ; step++)
        {
            var state = new RecordedGame();
            state.Play(turns: 1500);
            var steps = 0;
            state.Disk.AtEachStep = () =>
            {
                if (++steps == step)
                    throw new KilledException();
            };
            var isKilled = false;
            try
            {
                switch (phase)
                {
                    case 0: RecordedGame.Open(state.Disk).Begin(); break;
                    case 1: state.Store.Compactor.Compact(state.Store.Journal.Current.Number - 1); break;
                    default: state.Store.Finish(); break;
                }
            }
            catch (KilledException)
            {
                isKilled = true;
            }

            state.Disk.AtEachStep = null;
            state.Restart();
            Assert.That(state.Store.Table.GameCount, Is.EqualTo(1), $"killed at step {step}");
            Assert.That(state.Turn("and on"), Does.StartWith("0/9/"), $"killed at step {step}");
            Assert.That(state.Disk.List(), Has.Count.LessThanOrEqualTo(3), "obsolete files are deleted");
            if (!isKilled)
            {
                Assert.That(step, Is.GreaterThan(3));
                return;
            }
        }
    }

    [Test]
    public void Other_timeouts_apply_from_the_start_and_not_to_the_replay()
    {
        var state = new RecordedGame();
        state.Play(turns: 4);
        state.Restart(new RulesOptions { GameTimeout = TimeSpan.FromSeconds(3), PlayersMax = 7 });
        Assert.That(state.Store.Table.GameCount, Is.EqualTo(1));
        var table = state.Store.Table;
        Assert.That(table.NextDeadline, Is.LessThanOrEqualTo(table.Now + TimeSpan.FromSeconds(3)));
        Assert.That(state.Turn("and on"), Does.StartWith("0/9/"));
    }

    [Test]
    public void Sequential_keys_continue_after_a_restart()
    {
        var state = new RecordedGame();
        state.Ask("0,Ann,*,*,*");
        state.Ask("0,Bob,*,*,*");
        state.Ask("1,*,1,*,*");
        state.Restart();
        Assert.That(state.Ask("0,Cid,*,*,*"), Is.EqualTo("0/0/2"));
    }

    private static StateStore Begin(SimulatedDisk disk, JournalOptions options)
    {
        var store = StateStore.Open(disk, options, new StateSettings(new RulesOptions(), true),
            last => new SequentialKeySource(last + 1 ?? 0));
        store.Begin();
        return store;
    }

    private static DirectoryWatch Watch(StateStore store, RecordingLog log) =>
        new(store, _ => Task.FromResult(false), log);

    private static ActorDriver Actor(StateStore store)
    {
        var actor = new ActorDriver(store.Table);
        actor.Actor.RecordIn(store.Journal);
        actor.Start();
        return actor;
    }

    private static async Task<WireReply> FillAsync(ActorDriver actor)
    {
        while (true)
        {
            var reply = await TestWait.ForAsync(actor.Ask("0,Bob,*,*,*"));
            if (reply.Error != ErrorCode.None)
                return reply;
        }
    }

    private static int Count(RecordingLog log, LogLevel level) => log.Entries.Count(entry => entry.Level == level);

    private sealed class KilledException : Exception;

    private sealed class FailingKeys : IKeySource
    {
        private int _draws;

        public ulong Draw() => ++_draws == 1 ? 5UL : throw new InvalidOperationException("A bug.");
    }
}
