using Microsoft.Extensions.Time.Testing;

namespace TurnServer.Tests.Support;

/// <summary>A clock that jumps to the end of each pause as soon as somebody starts to wait.</summary>
/// <param name="longest">Longer timers are timeouts, not pauses: they are left alone.</param>
internal sealed class SkippingClock(TimeSpan longest) : FakeTimeProvider
{
    /// <summary>The pauses that were skipped, in order.</summary>
    public List<TimeSpan> Pauses { get; } = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (dueTime > TimeSpan.Zero && dueTime <= longest)
        {
            Pauses.Add(dueTime);
            // Not before whoever waits has the timer in hand.
            ThreadPool.QueueUserWorkItem(_ => Advance(dueTime));
        }

        return timer;
    }
}
