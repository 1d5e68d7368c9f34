using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using TurnServer.Actor;
using TurnServer.Service;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Service;

/// <summary>
/// Notifications to systemd over a real socket, with a manual clock. Not parallel: the address is an environment
/// variable of the process.
/// </summary>
[NonParallelizable]
internal sealed class ServiceNotifierTests
{
    private const string NoAnswer = "the turn actor does not answer";
    private const int NotifyFailed = 30;

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    private FakeTimeProvider _clock = null!;
    private RecordingLog _log = null!;
    private CancellationTokenSource _stop = null!;
    private ActorDriver _actor = null!;
    private Task _running = Task.CompletedTask;
    private Func<string>? _describeRole;
    private Func<Task>? _roleChanged;
    private long _requests;
    private int _reports;

    [SetUp]
    public void SetUp()
    {
        _clock = new FakeTimeProvider();
        _log = new RecordingLog();
        _stop = new CancellationTokenSource();
        _actor = new ActorDriver();
        _describeRole = null;
        _roleChanged = null;
        _requests = 0;
        _reports = 0;
    }

    [TearDown]
    public async Task TearDown()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TestWait.Timeout);
        await _actor.DisposeAsync();
        _stop.Dispose();
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Ready_IsSentOnce_WhenTheActorHasAnswered(bool isAbstract)
    {
        await using var systemd = new NotifySocket(NotifySocket.NewAddress(isAbstract));
        Run(systemd.Address);
        await AdvanceUntilAsync(() => systemd.Messages.Count >= 2, "it has notified");
        Assert.That(systemd.Count("READY=1"), Is.Zero);
        Assert.That(systemd.Status, Does.StartWith(NoAnswer));
        _actor.Start();
        await AdvanceUntilAsync(() => systemd.Count("READY=1") > 0, "it is ready");
        var messages = systemd.Messages.Count;
        await AdvanceUntilAsync(() => systemd.Messages.Count > messages + 2, "it has notified again");
        Assert.That(systemd.Count("READY=1"), Is.EqualTo(1));
    }

    [Test]
    public async Task Status_ShowsPlayersGamesAndRequests()
    {
        await using var systemd = await RunReadyAsync(watchdog: null);
        Assert.That(systemd.Status, Is.EqualTo("0 registered players, 0 games, 0 requests/s"));
        await _actor.Send("0,Ann,*,*,*");
        await ReportAsync(systemd, requests: 12);
        Assert.That(systemd.Status, Is.EqualTo("1 registered player, 0 games, 2.4 requests/s"));
        await _actor.Send("0,Bob,*,*,*");
        foreach (var request in new[] { "2,*,1,*,*", "2,*,0,*,*", "3,*,0,*,*", "3,*,1,*,*", "4,*,0,*,*", "4,*,1,*,*" })
            await _actor.Send(request);
        await ReportAsync(systemd, requests: 1150);
        Assert.That(systemd.Status, Is.EqualTo("2 registered players, 1 game, 230 requests/s"));
        Assert.That(systemd.Pings, Is.Zero, "there is no watchdog");
    }

    [Test]
    public async Task Status_InACluster_BeginsWithTheRole()
    {
        _describeRole = () => "standby of 10.0.0.1:2390";
        await using var systemd = await RunReadyAsync(watchdog: null);
        Assert.That(systemd.Status,
            Is.EqualTo("standby of 10.0.0.1:2390, 0 registered players, 0 games, 0 requests/s"));
    }

    [Test]
    public async Task Status_ShowsAnotherRoleAtOnce()
    {
        var role = "standby without an owner";
        var changed = new TaskCompletionSource();
        _describeRole = () => role;
        _roleChanged = () => changed.Task;
        await using var systemd = await RunReadyAsync(watchdog: null);
        Assert.That(systemd.Status, Does.StartWith("standby without an owner, "));
        (role, var before, changed) = ("owner", changed, new TaskCompletionSource());
        before.SetResult();
        await TestWait.UntilAsync(() => systemd.Status.StartsWith("owner, ", StringComparison.Ordinal), "it says so");
        var messages = systemd.Messages.Count;
        await ReportAsync(systemd, requests: 0);
        Assert.That(systemd.Messages, Has.Count.EqualTo(messages + 1), "and once more after the interval");
    }

    [TestCase(null, 5000)]
    [TestCase(60_000, 5000)]
    [TestCase(6000, 2000)]
    [TestCase(0.001, 1)]
    public void Interval_IsAThirdOfTheWatchdogsTime_AndAtMostFiveSeconds(double? watchdog, double interval)
    {
        var timeout = watchdog is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : (TimeSpan?)null;
        var notifier = new ServiceNotifier(new SystemdNotifier(), timeout, _actor.Actor, CountRequests, _clock, _log);
        Assert.That(notifier.Interval, Is.EqualTo(TimeSpan.FromMilliseconds(interval)));
    }

    [Test]
    public async Task Ping_IsSentEveryInterval()
    {
        await using var systemd = await RunReadyAsync(watchdog: 6 * Step);
        for (var pings = 2; pings <= 4; pings++)
        {
            _clock.Advance(2 * Step);
            await TestWait.UntilAsync(() => systemd.Pings >= pings, "it pings");
        }

        Assert.That(systemd.Pings, Is.EqualTo(4));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Ping_IsNotSent_WhileTheActorIsStuck(bool hasFullMailbox)
    {
        await using var systemd = await RunReadyAsync(watchdog: 6 * Step);
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        // A query that blocks, which none should: this is the bug that the watchdog is for.
        var stuck = Task.Run(() => _actor.Actor.QueryAsync(_ =>
        {
            entered.Set();
            return release.Wait(TestWait.Timeout);
        }));
        entered.Wait(TestWait.Timeout);
        for (var i = 0; hasFullMailbox && i < TurnActor.MailboxCapacity; i++)
            _ = _actor.Ask("0,Ann,*,*,*");
        var (messages, pings) = (systemd.Messages.Count, systemd.Pings);
        await AdvanceUntilAsync(() => systemd.Messages.Count > messages + 5, "it has notified five times");
        Assert.That(systemd.Pings, Is.EqualTo(pings));
        Assert.That(systemd.Messages.Skip(messages), Has.All.StartsWith($"STATUS={NoAnswer}"));
        release.Set();
        Assert.That(await TestWait.ForAsync(stuck), Is.True);
        await AdvanceUntilAsync(() => systemd.Pings > pings + 1, "it pings again");
        Assert.That(systemd.Status, Does.Contain("registered player"));
    }

    [Test]
    public async Task Ping_IsNotSent_AfterTheActorFailed_AndTheLoopRunsOn()
    {
        await using var systemd = await RunReadyAsync(watchdog: 6 * Step);
        var bug = _actor.Actor.QueryAsync<int>(_ => throw new InvalidOperationException());
        Assert.That(async () => await TestWait.ForAsync(bug), Throws.TypeOf<ActorFailedException>());
        var (messages, pings) = (systemd.Messages.Count, systemd.Pings);
        await AdvanceUntilAsync(() => systemd.Messages.Count > messages + 2, "it has notified again");
        Assert.That((systemd.Pings, _running.IsCompleted), Is.EqualTo((pings, false)));
    }

    [Test]
    public async Task Stopping_IsTheLastNotification()
    {
        await using var systemd = await RunReadyAsync(watchdog: 6 * Step);
        await _stop.CancelAsync();
        await TestWait.ForAsync(_running);
        await TestWait.UntilAsync(() => systemd.Count("STOPPING=1") == 1, "it stops");
        Assert.That(systemd.Messages[^1], Does.StartWith("STOPPING=1\nSTATUS=stopping"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task UnreachableManager_IsLoggedOnce_AndRetried(bool isAbstract)
    {
        var address = NotifySocket.NewAddress(isAbstract);
        _actor.Start();
        Run(address);
        await AdvanceUntilAsync(() => _reports > 4, "it has tried five times");
        await using var systemd = new NotifySocket(address);
        await AdvanceUntilAsync(() => systemd.Messages.Count > 1, "it has notified");
        Assert.That(systemd.Count("READY=1"), Is.EqualTo(1), "no earlier notification arrived");
        var entry = _log.Entries.Single();
        Assert.That((entry.Level, entry.Id), Is.EqualTo((LogLevel.Warning, NotifyFailed)));
    }

    [Test]
    public async Task InvalidAddress_IsLoggedOnce_AndTheLoopRunsOn()
    {
        _actor.Start();
        Run("/" + new string('x', 200));
        await AdvanceUntilAsync(() => _reports > 4, "it has tried five times");
        Assert.That((_log.Entries.Single().Id, _running.IsCompleted), Is.EqualTo((NotifyFailed, false)));
    }

    [Test]
    public async Task WithoutAManager_NothingIsSent()
    {
        _actor.Start();
        Run(null);
        _clock.Advance(100 * Step);
        await _actor.Settle();
        Assert.That((_reports, _running.IsCompleted), Is.EqualTo((0, false)));
        await _stop.CancelAsync();
        await TestWait.ForAsync(_running);
    }

    private async Task<NotifySocket> RunReadyAsync(TimeSpan? watchdog)
    {
        var systemd = new NotifySocket(NotifySocket.NewAddress(isAbstract: false));
        _actor.Start();
        Run(systemd.Address, watchdog);
        await TestWait.UntilAsync(() => systemd.Count("READY=1") > 0, "it is ready");
        return systemd;
    }

    private void Run(string? address, TimeSpan? watchdog = null)
    {
        SystemdNotifier manager;
        try
        {
            Environment.SetEnvironmentVariable("NOTIFY_SOCKET", address);
            manager = new SystemdNotifier();
        }
        finally
        {
            Environment.SetEnvironmentVariable("NOTIFY_SOCKET", null);
        }

        var notifier = new ServiceNotifier(manager, watchdog, _actor.Actor, CountRequests, _clock, _log)
        {
            DescribeRole = _describeRole,
            RoleChanged = _roleChanged,
        };
        _reports = 0;
        _running = notifier.RunAsync(_stop.Token);
    }

    // Called once for each notification.
    private long CountRequests()
    {
        Interlocked.Increment(ref _reports);
        return Interlocked.Read(ref _requests);
    }

    private async Task ReportAsync(NotifySocket systemd, int requests)
    {
        Interlocked.Add(ref _requests, requests);
        var messages = systemd.Messages.Count;
        _clock.Advance(ServiceNotifier.IntervalMax);
        await TestWait.UntilAsync(() => systemd.Messages.Count > messages, "it reports");
    }

    private Task AdvanceUntilAsync(Func<bool> condition, string what) => TestWait.UntilAsync(() =>
    {
        if (condition())
            return true;
        _clock.Advance(Step);
        return false;
    }, what);
}
