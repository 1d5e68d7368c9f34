using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using TurnServer.Cluster.Etcd;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

/// <summary>Asking the servers of etcd in the background.</summary>
internal sealed class EtcdMonitorTests
{
    private const int NearlyFull = 76;
    private const int Split = 77;
    private const int NotCompacted = 78;

    [Test]
    public async Task It_asks_every_five_seconds_and_tells_the_latest_answer_with_its_age()
    {
        var clock = new FakeTimeProvider();
        var asked = 0;
        var answers = new List<TaskCompletionSource<EtcdStatus>> { new(), new() };
        var monitor = new EtcdMonitor(_ => answers[asked++].Task, clock, new RecordingLog());
        using var stop = new CancellationTokenSource();
        var running = monitor.RunAsync(stop.Token);
        Assert.That(monitor.Latest, Is.Null, "it does not wait for the answer");
        answers[0].SetResult(StatusOf(1));
        await TestWait.UntilAsync(() => monitor.Latest is not null, "it has the first answer");
        clock.Advance(TimeSpan.FromSeconds(5));
        await TestWait.UntilAsync(() => asked == 2, "it asks again");
        Assert.That(monitor.Latest!.Age, Is.EqualTo(TimeSpan.FromSeconds(5)), "the second answer has not come");
        answers[1].SetResult(StatusOf(2));
        await TestWait.UntilAsync(() => monitor.Latest.Status.DatabaseBytes == 2, "it has the second answer");
        Assert.That(monitor.Latest.Age, Is.EqualTo(TimeSpan.Zero));
        await stop.CancelAsync();
        await running;
    }

    [Test]
    public async Task It_warns_once_when_the_space_reaches_the_alarm()
    {
        var clock = new FakeTimeProvider();
        var log = new RecordingLog();
        long bytes = 99;
        var asked = 0;
        var monitor = new EtcdMonitor(_ =>
        {
            asked++;
            return Task.FromResult(StatusOf(bytes));
        }, clock, log);
        using var stop = new CancellationTokenSource();
        var running = monitor.RunAsync(stop.Token);
        Assert.That(log.Entries, Is.Empty);
        bytes = 100;
        for (var count = 2; count < 5; count++)
        {
            clock.Advance(EtcdMonitor.Interval);
            await TestWait.UntilAsync(() => asked == count, "it asks again");
        }

        await stop.CancelAsync();
        await running;
        var entry = log.Entries.Single();
        Assert.That((entry.Level, entry.Id), Is.EqualTo((LogLevel.Warning, NearlyFull)));
    }

    [Test]
    public async Task It_warns_once_for_each_reason_that_prevents_a_compaction()
    {
        string?[] answers = [null, "a: permission denied", "a: permission denied", null, "a: permission denied", "b"];
        var log = new RecordingLog();
        var clock = new FakeTimeProvider();
        var asked = 0;
        var monitor = new EtcdMonitor(
            _ => Task.FromResult(StatusOf(1) with { CompactionError = answers[asked++] }), clock, log);
        using var stop = new CancellationTokenSource();
        var running = monitor.RunAsync(stop.Token);
        for (var count = 2; count <= answers.Length; count++)
        {
            clock.Advance(EtcdMonitor.Interval);
            await TestWait.UntilAsync(() => asked == count, "it asks again");
        }

        await stop.CancelAsync();
        await running;
        Assert.That(log.Entries.Select(entry => (entry.Level, entry.Id)),
            Is.EqualTo(Enumerable.Repeat((LogLevel.Warning, NotCompacted), 2)));
        Assert.That(log.Entries.Select(entry => entry.Text),
            Is.EqualTo(new[] { "a: permission denied", "b" }.Select(
                reason => $"etcd's history could not be compacted, and its database grows until it can: {reason}")));
    }

    [Test]
    public async Task It_reports_once_that_etcd_is_not_one_cluster_and_again_when_that_comes_back()
    {
        var known = new EtcdAgreement(true, null);
        var split = new EtcdAgreement(true, "a and b are not one cluster");
        EtcdAgreement[] answers = [default, split, default, split, known, default, split];
        var clock = new FakeTimeProvider();
        var log = new RecordingLog();
        var asked = 0;
        var monitor = new EtcdMonitor(
            _ => Task.FromResult(StatusOf(1) with { Agreement = answers[asked++] }), clock, log);
        using var stop = new CancellationTokenSource();
        var running = monitor.RunAsync(stop.Token);
        var shown = new List<string?>();
        var logged = new List<int>();
        for (var count = 1; count <= answers.Length; count++)
        {
            await TestWait.UntilAsync(() => asked == count && monitor.Latest!.Age == TimeSpan.Zero, "it has asked");
            shown.Add(monitor.Latest!.Status.Agreement.Split);
            logged.Add(log.Entries.Count);
            if (count < answers.Length)
                clock.Advance(EtcdMonitor.Interval);
        }

        await stop.CancelAsync();
        await running;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(shown.Select(text => text is not null),
                Is.EqualTo([false, true, true, true, false, false, true]));
            Assert.That(logged, Is.EqualTo([0, 1, 1, 1, 1, 1, 2]));
            Assert.That(log.Entries.Select(entry => (entry.Level, entry.Id, entry.Text)),
                Has.All.EqualTo((LogLevel.Error, Split, split.Split)));
        }
    }

    private static EtcdStatus StatusOf(long bytes) =>
        new([new EtcdServerStatus("http://a:1") { Version = "3.4.23", DatabaseBytes = bytes }], AlarmBytes: 100);
}
