using Microsoft.Extensions.Time.Testing;

namespace TurnServer.Tests.Support;

/// <summary>A manual clock that counts its timers and their callbacks.</summary>
internal sealed class CountingClock : FakeTimeProvider
{
    private int _wakeUps;
    private int _timers;

    /// <summary>How often timers have fired.</summary>
    public int WakeUps => Volatile.Read(ref _wakeUps);

    /// <summary>How many timers have been created.</summary>
    public int Timers => Volatile.Read(ref _timers);

    /// <summary>Whether timers fire at all.</summary>
    public bool HasTimers { get; init; } = true;

    /// <summary>How much too early timers fire, as real ones may; at the least 1 ms after they are set.</summary>
    public TimeSpan Earliness { get; init; }

    /// <summary>The delays that timers have been set to. Not synchronized: read it when the actor is idle.</summary>
    public List<TimeSpan> Delays { get; } = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new CountedTimer(this, base.CreateTimer(OnDue, state, dueTime, period));
        Interlocked.Increment(ref _timers);
        return timer;

        void OnDue(object? given)
        {
            Interlocked.Increment(ref _wakeUps);
            if (HasTimers)
                callback(given);
        }
    }

    private sealed class CountedTimer(CountingClock clock, ITimer timer) : ITimer
    {
        private static readonly TimeSpan Soonest = TimeSpan.FromMilliseconds(1);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            clock.Delays.Add(dueTime);
            var early = dueTime - clock.Earliness;
            return timer.Change(early > Soonest ? early : Soonest, period);
        }

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
