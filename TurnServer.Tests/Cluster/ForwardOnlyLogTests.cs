using Microsoft.Extensions.Logging;
using TurnServer.Cluster;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster;

/// <summary>A log that was emptied, restored from a backup, or is another one.</summary>
internal sealed class ForwardOnlyLogTests
{
    private const int Stalled = 65;
    private const int Resumed = 66;
    private const int Unavailable = 67;

    private SharedStore _store = null!;
    private ForwardOnlyLog _log = null!;
    private StoreAccess _access = null!;

    [SetUp]
    public void SetUp()
    {
        _store = new SharedStore();
        _access = _store.Connect();
        _log = new ForwardOnlyLog(_access);
    }

    [Test]
    public async Task ReadHead_EarlierThanOneThatWasRead_IsRefusedUntilTheLogIsBack()
    {
        var head = AppendTo(_store, epochs: 2, batches: 3);
        Assert.That(await _log.ReadHeadAsync(default), Is.EqualTo(head));
        Assert.That(await _log.ReadHeadAsync(default), Is.EqualTo(head), "it is the same");
        _access.SwitchTo(new SharedStore());
        Assert.That(() => _log.ReadHeadAsync(default), Throws.TypeOf<LogUnavailableException>()
            .With.Property(nameof(LogUnavailableException.HasGoneBack)).True
            .And.Message.StartsWith("the log has gone back from position 5 to 0: another etcd answers"));
        _access.SwitchTo(_store);
        Assert.That(await _log.ReadHeadAsync(default), Is.EqualTo(head));
    }

    [Test]
    public async Task ReadHead_OfFewerTakeoversAndMoreBatches_IsRefused()
    {
        AppendTo(_store, epochs: 2, batches: 0);
        await _log.ReadHeadAsync(default);
        var other = new SharedStore();
        AppendTo(other, epochs: 1, batches: 9);
        _access.SwitchTo(other);
        Assert.That(() => _log.ReadHeadAsync(default), Throws.TypeOf<LogUnavailableException>()
            .With.Message.StartsWith("the log has gone back from takeover 2 to takeover 1: "));
    }

    [Test]
    public async Task ReadHead_EarlierThanWhatWasAppendedOrFollowed_IsRefused()
    {
        var head = ShardHead.None.TakenOverBy("one");
        Assert.That(await _log.TryAppendAsync(ShardHead.None, head, new byte[1], default), Is.True);
        var follower = new ForwardOnlyLog(_access);
        await foreach (var _ in follower.ReadOnAsync(0, default))
            break;
        _access.SwitchTo(new SharedStore());
        foreach (var log in (ForwardOnlyLog[])[_log, follower])
            Assert.That(() => log.ReadHeadAsync(default), Throws.TypeOf<LogUnavailableException>());
    }

    [Test]
    public async Task ReadHead_UnderWayWhileAnotherCallSeesMore_IsNoAlarm()
    {
        var head = AppendTo(_store, epochs: 1, batches: 0);
        var slow = new SlowHead(_access);
        var log = new ForwardOnlyLog(slow);
        var reading = log.ReadHeadAsync(default);
        Assert.That(await log.TryAppendAsync(head, head.Next(), new byte[1], default), Is.True);
        slow.Head.SetResult(head);
        Assert.That(await reading, Is.EqualTo(head));
    }

    [Test]
    public async Task A_standby_takes_nothing_over_that_has_gone_back_and_follows_when_the_log_is_back()
    {
        await using var cluster = new TestCluster(TimeProvider.System);
        var (owner, standby) = await StartAsync(cluster);
        standby.Access.SwitchTo(new SharedStore());
        await UntilGoneBackAsync(standby);
        owner.Kill();
        Assert.That(standby.IsOwner, Is.False);
        standby.Access.SwitchTo(cluster.Store);
        await standby.UntilOwnerAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(standby.Overview.GetStatus().Problem, Is.Null);
            Assert.That((await standby.Overview.GetStatisticsAsync()).Table.Players, Is.EqualTo(1));
            Assert.That(standby.Log.Entries.Where(entry => entry.Id == Unavailable),
                Has.One.Matches<(LogLevel, int, Exception?, string Text)>(entry => entry.Text.Contains("gone back")));
        }
    }

    [Test]
    public async Task A_standby_begins_anew_when_another_history_overtakes_what_it_has_seen()
    {
        await using var cluster = new TestCluster(TimeProvider.System);
        var (_, standby) = await StartAsync(cluster);
        var other = new SharedStore();
        // Alive before and after, so that the standby never takes over from it.
        var three = ClusterPieces.Member("three");
        cluster.Store.SetMember(three);
        other.SetMember(three);
        await TestWait.UntilAsync(() => standby.Overview.GetStatus().Members.Count == 3, "it knows the third server");
        // As when etcd is stopped, restored from a backup, and started.
        standby.Access.IsCutOff = true;
        standby.Access.SwitchTo(other);
        await TestWait.UntilAsync(() => standby.Overview.GetStatus().StandbyProblem is not null, "the log is away");
        standby.Access.IsCutOff = false;
        await UntilGoneBackAsync(standby);
        var batch = ClusterPieces.TakeOverBy(three.Id);
        while (other.Head.Position <= cluster.Store.Head.Position)
            other.Append(other.Head.TakenOverBy(three.Id), batch);
        await TestWait.UntilAsync(() => standby.Overview.GetStatus() is { StandbyProblem: null } status
            && status.Position == other.Head.Position, "it follows the other one");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((await standby.Overview.GetStatisticsAsync()).Table.Players, Is.Zero, "those of the other one");
            Assert.That(standby.Overview.GetStatus().Owner, Is.EqualTo(three.Id));
        }
    }

    [Test]
    public async Task An_owner_keeps_its_table_while_the_log_has_gone_back()
    {
        await using var cluster = new TestCluster(TimeProvider.System);
        var (owner, _) = await StartAsync(cluster);
        owner.Access.SwitchTo(new SharedStore());
        await TestWait.UntilAsync(async () => (await owner.Overview.GetStatisticsAsync()).Problem is { } problem
            && problem.StartsWith("the log has gone back from position ", StringComparison.Ordinal), "it says so");
        var request = owner.AskAsync("0,bob,*,*,bob");
        Assert.That(owner.IsOwner);
        await SwitchBackAsync(owner, cluster.Store);
        Assert.That(await request, Does.StartWith("0/0/"));
        await TestWait.UntilAsync(async () => (await owner.Overview.GetStatisticsAsync()).Problem is null,
            "it is well");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(owner.IsOwner);
            Assert.That((await owner.Overview.GetStatisticsAsync()).Table.Players, Is.EqualTo(2));
            Assert.That(owner.Overview.GetStatus().Epoch, Is.EqualTo(1));
            Assert.That(owner.Log.Entries.Select(entry => entry.Id), Has.One.EqualTo(Stalled));
            Assert.That(owner.Log.Entries.Select(entry => entry.Id), Has.One.EqualTo(Resumed));
        }
    }

    // One player is registered.
    private static async Task<(TestServer Owner, TestServer Standby)> StartAsync(TestCluster cluster)
    {
        var owner = cluster.Start("one");
        await owner.UntilOwnerAsync();
        Assert.That(await owner.AskAsync("0,ann,*,*,ann"), Does.StartWith("0/0/"));
        var standby = cluster.Start("two");
        await standby.UntilFollowingAsync();
        return (owner, standby);
    }

    // Not between an attempt to append and the look at the head that follows it: an owner whose append is refused by
    // one store, and whose batch is missing in the other, has to give up.
    private static async Task SwitchBackAsync(TestServer owner, SharedStore store)
    {
        owner.Access.IsCutOff = true;
        var failures = Failures();
        await TestWait.UntilAsync(() => Failures() >= failures + 2, "an attempt has begun and failed since");
        owner.Access.SwitchTo(store);
        owner.Access.IsCutOff = false;

        long Failures() => owner.Overview.GetStatus().Appended.Failures;
    }

    private static Task UntilGoneBackAsync(TestServer standby) => TestWait.UntilAsync(
        () => standby.Overview.GetStatus().StandbyProblem is { } problem
            && problem.StartsWith("the log has gone back ", StringComparison.Ordinal), "it says so");

    private static ShardHead AppendTo(SharedStore store, int epochs, int batches)
    {
        for (; epochs > 0; epochs--)
            store.Append(store.Head.TakenOverBy("one"), new byte[1]);
        for (; batches > 0; batches--)
            store.Append(store.Head.Next(), new byte[1]);
        return store.Head;
    }

    // The head as the test says.
    private sealed class SlowHead(IShardLog log) : IShardLog
    {
        public TaskCompletionSource<ShardHead> Head { get; } = new();

        public ShardRole Role => log.Role;

        public int Capacity => log.Capacity;

        public Task<ShardHead> ReadHeadAsync(CancellationToken stop) => Head.Task;

        public Task<bool> TryAppendAsync(ShardHead expected, ShardHead next, ReadOnlyMemory<byte> batch,
            CancellationToken stop) => log.TryAppendAsync(expected, next, batch, stop);

        public IAsyncEnumerable<LogBatch> ReadOnAsync(long after, CancellationToken stop) =>
            log.ReadOnAsync(after, stop);

        public Task<ShardSnapshot?> ReadSnapshotAsync(CancellationToken stop) => log.ReadSnapshotAsync(stop);

        public Task<long> ReadSnapshotPositionAsync(CancellationToken stop) => log.ReadSnapshotPositionAsync(stop);

        public Task<bool> TryWriteSnapshotAsync(long epoch, long previous, ShardSnapshot snapshot,
            CancellationToken stop) => log.TryWriteSnapshotAsync(epoch, previous, snapshot, stop);
    }
}
