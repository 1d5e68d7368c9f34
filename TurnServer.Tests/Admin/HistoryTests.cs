using Microsoft.Extensions.Time.Testing;
using TurnServer.Actor;
using TurnServer.Admin.Status;
using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Admin;

/// <summary>What is kept of the past, and what is read off it.</summary>
internal sealed class HistoryTests
{
    [Test]
    public void Ring_BeyondItsCapacity_ForgetsTheOldest()
    {
        var ring = new RingBuffer<int>(3);
        Assert.That(ring.Copy(), Is.Empty);
        for (var i = 1; i <= 5; i++)
            ring.Add(i);
        Assert.That(ring.Copy(), Is.EqualTo([3, 4, 5]));
    }

    [Test]
    public void History_OfTwoHours_IsFiveMinutesBySecondsAndAnHourByTens()
    {
        var history = new History();
        for (var i = 0; i < 7200; i++)
            history.Add(At(i));
        var fine = history.Of(HistoryRange.Minutes);
        var coarse = history.Of(HistoryRange.Hour);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(fine, Has.Count.EqualTo(301));
            Assert.That((fine[0].At.TotalSeconds, fine[^1].At.TotalSeconds), Is.EqualTo((6899.0, 7199.0)));
            Assert.That(coarse, Has.Count.EqualTo(361));
            Assert.That((coarse[0].At.TotalSeconds, coarse[^1].At.TotalSeconds), Is.EqualTo((3590.0, 7190.0)));
        }
    }

    [TestCase(0.99)]
    [TestCase(1.01)]
    public void History_WithTicksThatAreNotQuiteASecond_HasOneInTenOfThem(double interval)
    {
        var history = new History();
        for (var i = 0; i < 100; i++)
            history.Add(At(i * interval));
        Assert.That(history.Of(HistoryRange.Hour), Has.Count.EqualTo(10));
    }

    [Test]
    public void AGap_BetweenTwoCoarseReadings_IsSeenInTheHour()
    {
        var history = new History();
        for (var i = 0; i <= 30; i++)
            history.Add(i == 14 ? At(i) with { Actor = null } : At(i));
        Assert.That(history.Of(HistoryRange.Hour).Select(sample => sample.Actor is null),
            Is.EqualTo([false, false, true, false]));
    }

    [Test]
    public void Rates_BetweenTwoReadings_AreByTheTimeBetweenThem()
    {
        var rates = Rates.Between(At(10), At(14, requests: 400, turns: 200, busySeconds: 1, refusals: 8));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(rates.RequestsPerSecond, Is.EqualTo(100));
            Assert.That(rates.TurnsPerSecond, Is.EqualTo(50));
            Assert.That(rates.ActorBusyShare, Is.EqualTo(0.25));
            Assert.That(rates.RefusalsPerSecond, Is.EqualTo(2));
            Assert.That(rates.RateLimitedPerSecond, Is.EqualTo(2));
            Assert.That(rates.ServedMicroseconds, Is.Null, "nothing was served");
        }
    }

    [Test]
    public void Rates_WhereTheActorDidNotAnswer_AreUnknown()
    {
        var rates = Rates.Between(At(10) with { Actor = null }, At(11));
        Assert.That((rates.TurnsPerSecond, rates.ActorBusyShare), Is.EqualTo(((double?)null, (double?)null)));
        Assert.That(rates.RequestsPerSecond, Is.Zero);
    }

    [Test]
    public async Task Sampler_EachSecond_TakesAReading()
    {
        var clock = new FakeTimeProvider();
        var probe = new ActorProbe(() => Task.FromResult(At(0).Actor!), clock);
        var sampler = new Sampler(probe, () => At(0).Http, () => 7, clock);
        using var stop = new CancellationTokenSource();
        var running = sampler.RunAsync(stop.Token);
        for (var i = 1; i <= 5; i++)
        {
            await TestWait.UntilAsync(() => sampler.History.Of(HistoryRange.Minutes).Count == i, "it is read");
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        await stop.CancelAsync();
        await running;
        Assert.That(sampler.History.Of(HistoryRange.Minutes)[0].Process.Descriptors, Is.EqualTo(7));
    }

    [Test]
    public async Task Sampler_OfAnActorThatDoesNotAnswer_HasAGap_AndAsksOnce()
    {
        var clock = new FakeTimeProvider();
        var asked = 0;
        var answer = new TaskCompletionSource<ActorStatistics>();
        var probe = new ActorProbe(() =>
        {
            asked++;
            return asked == 1 ? answer.Task : Task.FromResult(At(0).Actor!);
        }, clock);
        var sampler = new Sampler(probe, () => At(0).Http, () => 0, clock);
        using var stop = new CancellationTokenSource();
        var running = sampler.RunAsync(stop.Token);
        await GapsAsync(2);
        Assert.That(asked, Is.EqualTo(1), "a question that is under way is not put again");
        answer.SetResult(At(0).Actor!);
        await TestWait.UntilAsync(() => Turn() && sampler.History.Of(HistoryRange.Minutes)[^1].Actor is not null,
            "it answers again");
        await stop.CancelAsync();
        await running;

        async Task GapsAsync(int count) => await TestWait.UntilAsync(() => Turn()
            && sampler.History.Of(HistoryRange.Minutes).Count(sample => sample.Actor is null) >= count,
            "gaps are seen");

        bool Turn()
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return true;
        }
    }

    [Test]
    public async Task Sampler_OfABusyOrFailedActor_HasAGap_AndGoesOn()
    {
        var clock = new FakeTimeProvider();
        var probe = new ActorProbe(() => Task.FromException<ActorStatistics>(new ActorBusyException()), clock);
        var sampler = new Sampler(probe, () => At(0).Http, () => 0, clock);
        using var stop = new CancellationTokenSource();
        var running = sampler.RunAsync(stop.Token);
        for (var i = 1; i <= 3; i++)
        {
            await TestWait.UntilAsync(() => sampler.History.Of(HistoryRange.Minutes).Count == i, "it is read");
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(sampler.History.Of(HistoryRange.Minutes).Select(sample => sample.Actor), Has.All.Null);
        await stop.CancelAsync();
        await running;
    }

    /// <summary>A sample of a server that has been up for so long.</summary>
    internal static Sample At(double seconds, long requests = 0, long turns = 0, double busySeconds = 0,
        long refusals = 0, ErrorCode code = ErrorCode.RateLimited, int games = 0, int mailbox = 0)
    {
        var byCode = new long[24];
        byCode[(int)code] = refusals;
        return new Sample
        {
            At = TimeSpan.FromSeconds(seconds),
            Http = new HttpCounts
            {
                Requests = requests,
                UnderWay = 0,
                Connections = 0,
                RefusalsByCode = byCode,
                Served = 0,
                ServedTime = default,
            },
            Process = ProcessStatistics.Take(0) with { ResidentBytes = 100, Cpu = default, GcPause = default },
            Actor = new ActorStatistics
            {
                Table = new Table(new RulesOptions(), new SequentialKeySource()).Count() with
                {
                    Turns = turns,
                    Games = games,
                },
                HeldReplies = 0,
                MailboxDepth = mailbox,
                Messages = 0,
                Busy = TimeSpan.FromSeconds(busySeconds),
            },
        };
    }
}
