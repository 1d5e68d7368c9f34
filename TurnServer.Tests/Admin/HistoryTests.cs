using Microsoft.Extensions.Time.Testing;
using TurnServer.Actor;
using TurnServer.Admin;
using TurnServer.Admin.Status;
using TurnServer.Http;
using TurnServer.Http.WebSockets;
using TurnServer.Journal;
using TurnServer.Metrics;
using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Admin;

/// <summary>The history of samples, and the rates between them.</summary>
internal sealed class HistoryTests
{
    [Test]
    public void RingBuffer_BeyondItsCapacity_DropsTheOldest()
    {
        var ring = new RingBuffer<int>(3);
        Assert.That(ring.ToArray(), Is.Empty);
        for (var i = 1; i <= 5; i++)
            ring.Add(i);
        Assert.That(ring.ToArray(), Is.EqualTo([3, 4, 5]));
    }

    [Test]
    public void History_AfterTwoHours_HasFiveMinutesInSecondsAndAnHourInTens()
    {
        var history = new History();
        for (var i = 0; i < 7200; i++)
            history.Add(At(i));
        var fine = history.Read(HistoryRange.Minutes);
        var coarse = history.Read(HistoryRange.Hour);
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
    public void History_WithInexactTicks_KeepsOneInTenForTheHour(double interval)
    {
        var history = new History();
        for (var i = 0; i < 100; i++)
            history.Add(At(i * interval));
        Assert.That(history.Read(HistoryRange.Hour), Has.Count.EqualTo(10));
    }

    [Test]
    public void History_WithAGapBetweenTwoCoarseSamples_ShowsItInTheHour()
    {
        var history = new History();
        for (var i = 0; i <= 30; i++)
            history.Add(i == 14 ? At(i) with { Actor = null } : At(i));
        Assert.That(history.Read(HistoryRange.Hour).Select(sample => sample.Actor is null),
            Is.EqualTo([false, false, true, false]));
    }

    [Test]
    public void Rates_BetweenTwoSamples_ArePerSecond()
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
    public void Rates_WithoutAnAnswerOfTheActor_AreNull()
    {
        var rates = Rates.Between(At(10) with { Actor = null }, At(11));
        Assert.That((rates.TurnsPerSecond, rates.ActorBusyShare), Is.EqualTo(((double?)null, (double?)null)));
        Assert.That(rates.RequestsPerSecond, Is.Zero);
    }

    [Test]
    public async Task Sampler_EachSecond_TakesASample()
    {
        var clock = new FakeTimeProvider();
        var probe = new ActorProbe(() => Task.FromResult(At(0).Actor!), clock);
        var sampler = new Sampler(Source(probe, clock), () => 7, clock);
        using var stop = new CancellationTokenSource();
        var running = sampler.RunAsync(stop.Token);
        for (var i = 1; i <= 5; i++)
        {
            await TestWait.UntilAsync(() => sampler.History.Read(HistoryRange.Minutes).Count == i, "there is a sample");
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        await stop.CancelAsync();
        await running;
        Assert.That(sampler.History.Read(HistoryRange.Minutes)[0].Process.Descriptors, Is.EqualTo(7));
    }

    [Test]
    public async Task Sampler_WhileTheActorDoesNotAnswer_HasGaps_AndAsksOnce()
    {
        var clock = new FakeTimeProvider();
        var asked = 0;
        var answer = new TaskCompletionSource<ActorStatistics>();
        var probe = new ActorProbe(() =>
        {
            asked++;
            return asked == 1 ? answer.Task : Task.FromResult(At(0).Actor!);
        }, clock);
        var sampler = new Sampler(Source(probe, clock), () => 0, clock);
        using var stop = new CancellationTokenSource();
        var running = sampler.RunAsync(stop.Token);
        await GapsAsync(2);
        Assert.That(asked, Is.EqualTo(1), "an open question is not asked again");
        answer.SetResult(At(0).Actor!);
        await TestWait.UntilAsync(() => Tick() && sampler.History.Read(HistoryRange.Minutes)[^1].Actor is not null,
            "it answers again");
        await stop.CancelAsync();
        await running;

        async Task GapsAsync(int count) => await TestWait.UntilAsync(() => Tick()
            && sampler.History.Read(HistoryRange.Minutes).Count(sample => sample.Actor is null) >= count,
            "there are gaps");

        bool Tick()
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return true;
        }
    }

    [Test]
    public async Task Sampler_WhileTheActorIsBusy_HasGaps_AndContinues()
    {
        var clock = new FakeTimeProvider();
        var probe = new ActorProbe(() => Task.FromException<ActorStatistics>(new ActorBusyException()), clock);
        var sampler = new Sampler(Source(probe, clock), () => 0, clock);
        using var stop = new CancellationTokenSource();
        var running = sampler.RunAsync(stop.Token);
        for (var i = 1; i <= 3; i++)
        {
            await TestWait.UntilAsync(() => sampler.History.Read(HistoryRange.Minutes).Count == i, "there is a sample");
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(sampler.History.Read(HistoryRange.Minutes).Select(sample => sample.Actor), Has.All.Null);
        await stop.CancelAsync();
        await running;
    }

    private static SampleSource Source(ActorProbe probe, TimeProvider clock) =>
        new(probe, () => At(0).Http, () => new JournalStatistics(), clock);

    /// <summary>A sample taken this long after the start.</summary>
    internal static Sample At(double seconds, long requests = 0, long turns = 0, double busySeconds = 0,
        long refusals = 0, ErrorCode code = ErrorCode.RateLimited, int games = 0, int mailbox = 0)
    {
        var byCode = new long[24];
        byCode[(int)code] = refusals;
        return new Sample
        {
            At = TimeSpan.FromSeconds(seconds),
            Http = new HttpStatistics
            {
                Requests = requests,
                UnderWay = 0,
                Connections = 0,
                ConnectionsMax = 100,
                SlowHeads = 0,
                ConnectionsShed = 0,
                AcceptFailures = 0,
                ErrorsByCode = byCode,
                WebSockets = new WebSocketStatistics
                {
                    Open = 0,
                    Accepted = 0,
                    Refused = 0,
                    Messages = 0,
                    EndsByCause = new long[Enum.GetValues<SocketEnd>().Length],
                },
                Served = 0,
                ServedTime = default,
            },
            Journal = new JournalStatistics(),
            Process = ProcessStatistics.Read(0) with { ResidentBytes = 100, Cpu = default, GcPause = default },
            Actor = new ActorStatistics
            {
                Table = new Table(new RulesOptions(), new SequentialKeySource()).GetStatistics() with
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
