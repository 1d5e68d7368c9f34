using System.Diagnostics;

namespace TurnServer.Bench.Load.Play;

/// <summary>
/// Tells players when they are due to send, from one thread of its own. It never leaves a turn out: when it is late
/// itself, the turn still carries the time at which it was due, so that latencies tell the delay.
/// </summary>
internal sealed class Pacer : IDisposable
{
    // Waking for each of 20 000 turns a second would cost a tenth of a core; this is what a turn may be late at most.
    private static readonly long Shortest = Stopwatch.Frequency / 10_000;

    private readonly Schedule _schedule;
    private readonly Action<int, long> _due;
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isStopped;
    private Exception? _bug;

    /// <param name="schedule">On the clock of Stopwatch.</param>
    /// <param name="due">Called with the player and the time at which it was due; must not block.</param>
    public Pacer(Schedule schedule, Action<int, long> due)
    {
        _schedule = schedule;
        _due = due;
        _thread = new Thread(Run) { IsBackground = true, Name = "pacer", Priority = ThreadPriority.AboveNormal };
        _thread.Start();
    }

    /// <summary>Done when it tells nobody any more, be it of a bug.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Stops and waits until it has; shows its bug if it died of one.</summary>
    public void Dispose()
    {
        _isStopped = true;
        _thread.Join();
        if (_bug is not null)
            throw new InvalidOperationException("The pacer failed.", _bug);
    }

    private void Run()
    {
        try
        {
            PreciseSleep.PrepareThread();
            while (!_isStopped)
                Step();
        }
        catch (Exception bug)
        {
            // Thrown where somebody looks: Dispose.
            _bug = bug;
        }
        finally
        {
            _ended.SetResult();
        }
    }

    private void Step()
    {
        var now = Stopwatch.GetTimestamp();
        while (_schedule.NextAt is var dueAt && dueAt <= now)
            _due(_schedule.TakeNext(), dueAt);
        // Not longer than a stop should wait.
        var until = Math.Clamp(_schedule.NextAt, now + Shortest, now + (Stopwatch.Frequency / 20));
        PreciseSleep.Until(until);
    }
}
