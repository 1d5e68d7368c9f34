using Microsoft.Extensions.Time.Testing;
using TurnServer.Http;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>Who sends too many requests waits for its refusals.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RefusalDelayTests
{
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(1.5);

    [Test]
    public async Task A_refusal_waits_between_half_a_second_and_three_halves()
    {
        var clock = new FakeTimeProvider();
        var refusals = new RefusalDelay(clock, CancellationToken.None);
        var waiting = Enumerable.Range(0, 100).Select(_ => refusals.WaitAsync()).ToArray();
        clock.Advance(Least - TimeSpan.FromMilliseconds(1));
        Assert.That(waiting.Count(wait => wait.IsCompleted), Is.Zero);
        clock.Advance(TimeSpan.FromSeconds(0.5));
        await TestWait.UntilAsync(() => waiting.Count(wait => wait.IsCompleted) > 10, "some are due");
        Assert.That(waiting.Count(wait => wait.IsCompleted), Is.LessThan(90), "not all in one go");
        clock.Advance(Most - Least);
        await Task.WhenAll(waiting).WaitAsync(TestWait.Timeout);
    }

    [Test]
    public async Task No_more_than_a_limit_wait_at_once()
    {
        var clock = new FakeTimeProvider();
        var refusals = new RefusalDelay(clock, CancellationToken.None);
        var waiting = Enumerable.Range(0, RefusalDelay.WaitingMax).Select(_ => refusals.WaitAsync()).ToArray();
        Assert.That(waiting.Count(wait => wait.IsCompleted), Is.Zero);
        Assert.That(refusals.WaitAsync().IsCompleted, Is.True, "one more");
        clock.Advance(Most);
        await Task.WhenAll(waiting).WaitAsync(TestWait.Timeout);
        Assert.That(refusals.WaitAsync().IsCompleted, Is.False, "there is room again");
    }

    [Test]
    public async Task None_waits_when_the_server_stops()
    {
        using var stop = new CancellationTokenSource();
        var refusals = new RefusalDelay(new FakeTimeProvider(), stop.Token);
        var waiting = refusals.WaitAsync();
        Assert.That(waiting.IsCompleted, Is.False);
        await stop.CancelAsync();
        await waiting.WaitAsync(TestWait.Timeout);
        await refusals.WaitAsync().WaitAsync(TestWait.Timeout);
    }
}
