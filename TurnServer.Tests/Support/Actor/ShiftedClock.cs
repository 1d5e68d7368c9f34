namespace TurnServer.Tests.Support;

/// <summary>The system's timers, and timestamps that a test moves on.</summary>
internal sealed class ShiftedClock : TimeProvider
{
    private long _shift;

    public TimeSpan Shift
    {
        get => TimeSpan.FromTicks(Volatile.Read(ref _shift));
        set => Volatile.Write(ref _shift, value.Ticks);
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => System.GetElapsedTime(0, System.GetTimestamp()).Ticks + Shift.Ticks;
}
