namespace TurnServer.Actor;

/// <summary>
/// The table's clock. After a restart it continues from the recovered time, and it is stopped while requests cannot be
/// recorded.
/// </summary>
/// <param name="clock">Measures elapsed time.</param>
/// <param name="start">The table's time until <see cref="Resume"/>.</param>
internal sealed class TableClock(TimeProvider clock, TimeSpan start)
{
    private readonly long _startedAt = clock.GetTimestamp();
    private TimeSpan _start = start;

    public TimeSpan Now => StoppedAt ?? Running;

    /// <summary>The time at which the clock is stopped; null while it runs.</summary>
    public TimeSpan? StoppedAt { get; private set; } = start;

    private TimeSpan Running => _start + clock.GetElapsedTime(_startedAt);

    /// <summary>Stops the clock, unless it is stopped already.</summary>
    public void StopAt(TimeSpan now) => StoppedAt ??= now;

    /// <summary>Lets a stopped clock run on from the time at which it was stopped.</summary>
    public void Resume()
    {
        if (StoppedAt is not { } stoppedAt)
            return;
        _start -= Running - stoppedAt;
        StoppedAt = null;
    }
}
