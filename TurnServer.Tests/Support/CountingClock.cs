using Microsoft.Extensions.Time.Testing;

namespace TurnServer.Tests.Support;

/// <summary>A clock that is turned by hand and counts what is done with its timers.</summary>
internal sealed class CountingClock : FakeTimeProvider
{
    private int _wakeUps;
    private int _timers;

    /// <summary>How often a timer has fired.</summary>
    public int WakeUps => Volatile.Read(ref _wakeUps);

    /// <summary>How many timers have been made.</summary>
    public int Timers => Volatile.Read(ref _timers);

    /// <summary>Whether timers fire at all.</summary>
    public bool HasTimers { get; init; } = true;

    /// <summary>The delays that timers have been set to. To be read while nobody sets any.</summary>
    public List<TimeSpan> Delays { get; } = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Interlocked.Increment(ref _timers);
        return new CountedTimer(this, base.CreateTimer(OnDue, state, dueTime, period));

        void OnDue(object? given)
        {
            Interlocked.Increment(ref _wakeUps);
            if (HasTimers)
                callback(given);
        }
    }

    private sealed class CountedTimer(CountingClock clock, ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            clock.Delays.Add(dueTime);
            return timer.Change(dueTime, period);
        }

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
