using System.Diagnostics;
using TurnServer.Bench.Client;
using TurnServer.Bench.Rivals.Seats;

namespace TurnServer.Bench.Rivals;

/// <summary>
/// The two players of a pair take turns: one sends, and when the other has it, that one sends. Of a server that only
/// replies, the same player receives.
/// </summary>
/// <param name="one">Sends the first turn.</param>
/// <param name="other">Waits for it.</param>
/// <param name="isEcho">Whether the server only replies.</param>
/// <param name="period">The time from one turn to the next; zero: as fast as they come.</param>
/// <param name="offset">The time until the first turn.</param>
internal sealed class PairPlay(RivalSeat one, RivalSeat other, bool isEcho, TimeSpan period, TimeSpan offset) : Play
{
    private readonly List<long> _latencies = [];
    private RivalSeat _mover = one;
    private RivalSeat _waiter = other;
    private long _number;
    private long _due;

    /// <summary>How long each turn took from sending to arrival, in ticks of <see cref="Stopwatch"/>.</summary>
    public IReadOnlyList<long> Latencies => _latencies;

    public override void Begin()
    {
        if (!isEcho)
            _waiter.Await();
        _due = Stopwatch.GetTimestamp() + Ticks(offset);
    }

    public override void PlayTurn()
    {
        var sentAt = period > TimeSpan.Zero ? WaitUntilDue() : Stopwatch.GetTimestamp();
        _mover.Send(_number);
        (isEcho ? _mover : _waiter).Receive(_number);
        _latencies.Add(Stopwatch.GetTimestamp() - sentAt);
        _number++;
        (_mover, _waiter) = (_waiter, _mover);
    }

    // A turn that is late because the one before was counts from when it was due (coordinated omission); one that is
    // late because this thread slept too long does not.
    private long WaitUntilDue()
    {
        var (due, now) = (_due, Stopwatch.GetTimestamp());
        _due += Ticks(period);
        if (now >= due)
            return due;
        Thread.Sleep(TimeSpan.FromMilliseconds(Math.Ceiling(Stopwatch.GetElapsedTime(now, due).TotalMilliseconds)));
        return Stopwatch.GetTimestamp();
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);
}
