using System.Diagnostics;
using System.Runtime.InteropServices;

namespace TurnServer.Bench.Load.Play;

/// <summary>
/// Calls players when they are due to send, from a dedicated thread. It skips no turn: when it is late itself, the turn
/// still carries the time at which it was due, so that the delay shows in the latency.
/// </summary>
internal sealed class Pacer : IDisposable
{
    // Shortest sleep, and so the most that it delays a turn: to wake for each of 20 000 turns a second would cost a
    // tenth of a core.
    private static readonly long SleepMin = Stopwatch.Frequency / 10_000;

    // Longest sleep: how long a stop may take.
    private static readonly long SleepMax = Stopwatch.Frequency / 20;

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

    /// <summary>Completes when the thread has ended, also on a bug.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Stops the thread and waits for it; throws if it ended on a bug.</summary>
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
            // Dispose throws it.
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
        PreciseSleep.Until(Math.Clamp(_schedule.NextAt, now + SleepMin, now + SleepMax));
    }
}

/// <summary>
/// When each player is due to send: at a fixed interval, with the players spread over it at random. As the interval is
/// the same for all, every round has the same order, and the next player is the neighbour in an array.
/// </summary>
internal sealed class Schedule
{
    private readonly long _interval;
    private readonly long _startsAt;
    private readonly long[] _phases;
    private readonly int[] _players;
    private int _position;
    private long _round;

    /// <param name="players">Number of players.</param>
    /// <param name="interval">From one turn of a player to its next, in ticks of any clock.</param>
    /// <param name="startsAt">When the first round begins, on that clock.</param>
    /// <param name="random">Spreads the players.</param>
    public Schedule(int players, long interval, long startsAt, Random random)
    {
        _interval = interval;
        _startsAt = startsAt;
        _phases = new long[players];
        _players = new int[players];
        for (var i = 0; i < players; i++)
            (_phases[i], _players[i]) = (random.NextInt64(interval), i);
        Array.Sort(_phases, _players);
    }

    /// <summary>When the next player is due.</summary>
    public long NextAt => _startsAt + (_round * _interval) + _phases[_position];

    /// <summary>Returns the next player and moves on.</summary>
    public int TakeNext()
    {
        var player = _players[_position];
        if (++_position == _players.Length)
            (_position, _round) = (0, _round + 1);
        return player;
    }
}

/// <summary>
/// Sleeps until an instant, precise to about 10 µs on Linux. .NET's timers are up to milliseconds late, which is more
/// than the latency of a turn delivered to a held request.
/// </summary>
internal static class PreciseSleep
{
    private const int ClockMonotonic = 1;
    private const int AbsoluteTime = 1;
    private const int SetTimerSlack = 29;
    private const long NanosecondsPerSecond = 1_000_000_000;

    // On Linux Stopwatch is the monotonic clock, in nanoseconds.
    private static readonly bool IsPrecise = OperatingSystem.IsLinux() && Stopwatch.Frequency == NanosecondsPerSecond;

    /// <summary>Reduces the timer slack of this thread, which is 50 µs by default.</summary>
    public static void PrepareThread()
    {
        if (IsPrecise)
            _ = Prctl(SetTimerSlack, 1, 0, 0, 0);
    }

    /// <summary>Sleeps until this Stopwatch timestamp; may wake early.</summary>
    public static void Until(long timestamp)
    {
        if (IsPrecise)
        {
            var time = new TimeSpec
            {
                Seconds = (nint)(timestamp / NanosecondsPerSecond),
                Nanoseconds = (nint)(timestamp % NanosecondsPerSecond),
            };
            _ = ClockNanosleep(ClockMonotonic, AbsoluteTime, in time, 0);
            return;
        }

        var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), timestamp);
        if (left > TimeSpan.Zero)
            Thread.Sleep(left);
    }

    [DllImport("libc", EntryPoint = "clock_nanosleep")]
    private static extern int ClockNanosleep(int clock, int flags, in TimeSpec time, nint remaining);

    [DllImport("libc", EntryPoint = "prctl")]
    private static extern int Prctl(int option, nuint a, nuint b, nuint c, nuint d);

    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
