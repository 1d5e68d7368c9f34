namespace TurnServer.Actor;

/// <summary>
/// The actor's one timer. It is only ever set to an earlier time: a deadline that was extended costs one early wake-up
/// instead of a change for each request.
/// </summary>
internal sealed class DeadlineTimer : IDisposable
{
    // A day, in milliseconds.
    private const double DelayMax = 86_400_000;

    private static readonly TimeSpan NotSet = TimeSpan.MaxValue;

    private static readonly TimeSpan FullMailboxPause = TimeSpan.FromMilliseconds(10);

    // How often a stalled actor checks whether it can record again.
    private static readonly TimeSpan StallPause = TimeSpan.FromMilliseconds(100);

    private readonly TableClock _time;
    private readonly Func<bool> _tryNotify;
    private readonly ITimer _timer;
    private TimeSpan _setFor = NotSet;

    /// <param name="clock">Runs the timer.</param>
    /// <param name="time">The time in which deadlines are given.</param>
    /// <param name="tryNotify">Called on any thread when the time has come; false: to be called again soon.</param>
    public DeadlineTimer(TimeProvider clock, TableClock time, Func<bool> tryNotify)
    {
        _time = time;
        _tryNotify = tryNotify;
        _timer = clock.CreateTimer(_ => OnElapsed(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Sets the timer, unless it is set for this time or an earlier one.</summary>
    public void Set(TimeSpan due)
    {
        if (due >= _setFor)
            return;
        _setFor = due;
        // Timers truncate to milliseconds and use a coarser clock than timestamps do: one that fires too early is set
        // again once it has been handled. They cannot be set for more than 49 days.
        var delay = Math.Clamp(Math.Ceiling((due - _time.Now).TotalMilliseconds), 1, DelayMax);
        _timer.Change(TimeSpan.FromMilliseconds(delay), Timeout.InfiniteTimeSpan);
    }

    /// <summary>Sets the timer for the next attempt to record, unless it is set for that.</summary>
    /// <param name="stoppedAt">When the table's clock was stopped.</param>
    public void SetForRetry(TimeSpan stoppedAt)
    {
        if (_setFor == stoppedAt)
            return;
        _setFor = stoppedAt;
        _timer.Change(StallPause, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Notes that a notification has been handled, so that the timer can be set again.</summary>
    public void NoteHandled() => _setFor = NotSet;

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    // A notification must not be lost: until it has been handled, the timer is not set again.
    private void OnElapsed()
    {
        if (!_tryNotify())
            _timer.Change(FullMailboxPause, Timeout.InfiniteTimeSpan);
    }
}
