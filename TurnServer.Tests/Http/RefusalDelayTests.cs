using Microsoft.Extensions.Time.Testing;
using TurnServer.Http;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>429 replies are delayed.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RefusalDelayTests
{
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(1.5);

    [Test]
    public async Task A_refusal_is_delayed_by_0_5_to_1_5_s()
    {
        var clock = new FakeTimeProvider();
        var refusals = new RefusalDelay(clock, CancellationToken.None);
        var waiting = Enumerable.Range(0, 100).Select(_ => refusals.WaitAsync()).ToArray();
        clock.Advance(Least - TimeSpan.FromMilliseconds(1));
        Assert.That(waiting.Count(wait => wait.IsCompleted), Is.Zero);
        clock.Advance(TimeSpan.FromSeconds(0.5));
        await TestWait.UntilAsync(() => waiting.Count(wait => wait.IsCompleted) > 10, "some are due");
        Assert.That(waiting.Count(wait => wait.IsCompleted), Is.LessThan(90), "not all at once");
        clock.Advance(Most - Least);
        await Task.WhenAll(waiting).WaitAsync(TestWait.Timeout);
    }

    [Test]
    public async Task The_number_of_delayed_refusals_is_limited()
    {
        var clock = new FakeTimeProvider();
        var refusals = new RefusalDelay(clock, CancellationToken.None);
        var waiting = Enumerable.Range(0, RefusalDelay.DelayedMax).Select(_ => refusals.WaitAsync()).ToArray();
        Assert.That(waiting.Count(wait => wait.IsCompleted), Is.Zero);
        Assert.That(refusals.WaitAsync().IsCompleted, Is.True, "one more");
        clock.Advance(Most);
        await Task.WhenAll(waiting).WaitAsync(TestWait.Timeout);
        Assert.That(refusals.WaitAsync().IsCompleted, Is.False, "below the limit again");
    }

    [Test]
    public async Task No_refusal_is_delayed_when_the_server_stops()
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
