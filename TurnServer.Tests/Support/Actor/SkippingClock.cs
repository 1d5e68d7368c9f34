using Microsoft.Extensions.Time.Testing;

namespace TurnServer.Tests.Support;

/// <summary>A clock that jumps to the end of each pause as soon as it begins.</summary>
/// <param name="longest">Longer timers are timeouts and do not move the clock.</param>
internal sealed class SkippingClock(TimeSpan longest) : FakeTimeProvider
{
    /// <summary>The skipped pauses, in order.</summary>
    public List<TimeSpan> Pauses { get; } = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (dueTime > TimeSpan.Zero && dueTime <= longest)
        {
            Pauses.Add(dueTime);
            // Asynchronously: the caller needs the timer before it fires.
            ThreadPool.QueueUserWorkItem(_ => Advance(dueTime));
        }

        return timer;
    }
}
