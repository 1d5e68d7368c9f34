using System.Diagnostics;
using TurnServer.Bench;
using TurnServer.Bench.Client;
using TurnServer.Bench.Load.Statistics;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>
/// Pairs that play while a server is abused: the two alternate, each sending its turn in the update that waits for the
/// other's, as fast as quick people would. Every turn must arrive once and in order, and no connection may be lost.
/// Runs on dedicated threads, as the abuser may use up the thread pool.
/// </summary>
internal sealed class HonestPairs : IDisposable
{
    private const int WaitSeconds = 20;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    private readonly List<DrivenSeat> _seats = [];
    private readonly List<Thread> _threads = [];
    private readonly ManualResetEventSlim _stop = new();
    private volatile Latencies _latencies = new();
    private volatile BenchException? _fault;
    private long _turns;

    private HonestPairs()
    {
    }

    /// <summary>Turns sent and received since the start.</summary>
    public long Turns => Volatile.Read(ref _turns);

    /// <summary>Pairs players and lets them play.</summary>
    /// <param name="port">The server's port.</param>
    /// <param name="count">The number of pairs.</param>
    /// <param name="headers">Header lines for each request of a pair, by its number; null: none.</param>
    public static HonestPairs Start(int port, int count, Func<int, string>? headers = null)
    {
        var pairs = new HonestPairs();
        var seats = new GameSetup(port).Start(count);
        for (var i = 0; i < count; i++)
        {
            var lines = headers?.Invoke(i) ?? "";
            var one = new DrivenSeat(port, seats[2 * i], lines);
            var other = new DrivenSeat(port, seats[(2 * i) + 1], lines);
            pairs._seats.AddRange([one, other]);
            pairs._threads.Add(new Thread(() => pairs.Play(one, other)) { IsBackground = true });
        }

        pairs._threads.ForEach(thread => thread.Start());
        return pairs;
    }

    /// <summary>Starts a new measurement of latencies, from sending a turn to receiving it.</summary>
    public Latencies Measure() => _latencies = new Latencies();

    /// <summary>Waits for more turns; fails the test when one was lost or duplicated.</summary>
    public async Task PlayMoreAsync(int turns)
    {
        var target = Turns + turns;
        await TestWait.UntilAsync(() => _fault is not null || Turns >= target, "the honest pairs have played");
        Check();
    }

    /// <summary>Fails the test when a turn was lost or duplicated, or a connection lost.</summary>
    public void Check() => Assert.That(_fault?.Message, Is.Null, "an honest pair was harmed");

    /// <summary>Ends the games after a last check for duplicated turns.</summary>
    public void End()
    {
        _stop.Set();
        _threads.ForEach(thread => thread.Join());
        Check();
    }

    public void Dispose()
    {
        _stop.Set();
        _threads.ForEach(thread => thread.Join());
        _seats.ForEach(seat => seat.Dispose());
        _stop.Dispose();
    }

    private void Play(DrivenSeat one, DrivenSeat other)
    {
        try
        {
            var (mover, waiter) = (one, other);
            waiter.SendEmpty(WaitSeconds);
            do
            {
                var startedAt = Stopwatch.GetTimestamp();
                mover.SendTurn(WaitSeconds);
                waiter.ReadOneTurn();
                _latencies.Record(Stopwatch.GetElapsedTime(startedAt));
                Interlocked.Increment(ref _turns);
                (mover, waiter) = (waiter, mover);
            }
            while (!_stop.Wait(Pace));

            // The last turn has arrived only once: nothing is left for its receiver.
            mover.SendEmpty(waitSeconds: 0);
            mover.ReadNoData();
        }
        catch (BenchException fault)
        {
            _fault = fault;
        }
    }
}
