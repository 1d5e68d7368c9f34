namespace TurnServer.Actor;

/// <summary>
/// The table's time: it goes on from where it was once the server plays, and stands still while nothing can be
/// recorded.
/// </summary>
/// <param name="clock">Where elapsed time is read.</param>
/// <param name="start">What the table's time is until it goes on.</param>
internal sealed class TableClock(TimeProvider clock, TimeSpan start)
{
    private readonly long _startedAt = clock.GetTimestamp();
    private TimeSpan _start = start;

    public TimeSpan Now => StoppedAt ?? Running;

    /// <summary>The time it stands still at; null while it goes on.</summary>
    public TimeSpan? StoppedAt { get; private set; } = start;

    private TimeSpan Running => _start + clock.GetElapsedTime(_startedAt);

    /// <summary>Lets it stand still, unless it does.</summary>
    public void StopAt(TimeSpan now) => StoppedAt ??= now;

    /// <summary>Lets it go on from where it stood still, if it did.</summary>
    public void GoOn()
    {
        if (StoppedAt is not { } stoppedAt)
            return;
        _start -= Running - stoppedAt;
        StoppedAt = null;
    }
}
