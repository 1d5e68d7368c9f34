using System.Diagnostics;
using TurnServer.Bench.Load;

namespace TurnServer.Bench.Cluster.Faults;

/// <summary>Notes when turns arrive, to tell afterwards how long games stood still.</summary>
internal sealed class PauseMeter
{
    private readonly Lock _gate = new();
    private readonly List<(long At, StreamKey Stream, TimeSpan Latency)> _turns = [];
    private readonly Dictionary<StreamKey, long> _lastTurns = [];
    private readonly List<string> _faults = [];

    /// <summary>What went wrong for players, but for lost requests.</summary>
    public IReadOnlyList<string> Faults
    {
        get
        {
            lock (_gate)
                return [.. _faults];
        }
    }

    /// <summary>How long ago the last turn arrived.</summary>
    public TimeSpan Silence
    {
        get
        {
            lock (_gate)
                return _turns.Count == 0 ? TimeSpan.MaxValue : Stopwatch.GetElapsedTime(_turns[^1].At);
        }
    }

    /// <summary>The observer of a load test.</summary>
    /// <param name="test">Its number: the streams of each test are counted from 1.</param>
    public ILoadObserver Observer(int test) => new TestObserver(this, test);

    /// <summary>
    /// Looks which streams have turns to come. Returns how many of them have had none since and have not ended.
    /// </summary>
    public Func<int> CountStill()
    {
        var since = Stopwatch.GetTimestamp();
        List<StreamKey> waiting;
        lock (_gate)
            waiting = [.. _lastTurns.Keys];
        return () =>
        {
            lock (_gate)
                waiting.RemoveAll(stream => !_lastTurns.TryGetValue(stream, out var last) || last > since);
            return waiting.Count;
        };
    }

    /// <summary>The longest time without a turn that lies within, or reaches into, these limits.</summary>
    public TimeSpan LongestGap(long from, long to)
    {
        lock (_gate)
        {
            var (last, longest) = (from, 0L);
            var within = _turns.Select(turn => turn.At).Where(at => at > from).TakeWhile(at => at < to);
            foreach (var at in within.Append(to))
                (last, longest) = (at, Math.Max(longest, at - last));
            return Stopwatch.GetElapsedTime(0, longest);
        }
    }

    /// <summary>For each stream, the longest that one of its turns took that was due within these limits.</summary>
    public IReadOnlyList<TimeSpan> LongestByStream(long from, long to)
    {
        lock (_gate)
        {
            return
            [
                .. _turns.Where(turn => turn.At - DueBefore(turn.Latency) is var dueAt && dueAt >= from && dueAt < to)
                    .GroupBy(turn => turn.Stream).Select(turns => turns.Max(turn => turn.Latency)),
            ];
        }
    }

    private static long DueBefore(TimeSpan latency) => (long)(latency.TotalSeconds * Stopwatch.Frequency);

    private readonly record struct StreamKey(int Test, long Stream);

    private sealed class TestObserver(PauseMeter meter, int test) : ILoadObserver
    {
        public void OnBegun(long stream)
        {
            lock (meter._gate)
                meter._lastTurns[new StreamKey(test, stream)] = long.MinValue;
        }

        public void OnEnded(long stream)
        {
            lock (meter._gate)
                meter._lastTurns.Remove(new StreamKey(test, stream));
        }

        public void OnTurn(long stream, TimeSpan latency)
        {
            var (at, key) = (Stopwatch.GetTimestamp(), new StreamKey(test, stream));
            lock (meter._gate)
            {
                meter._turns.Add((at, key, latency));
                meter._lastTurns[key] = at;
            }
        }

        public void OnFault(int player, string fault)
        {
            lock (meter._gate)
                meter._faults.Add($"{DateTime.UtcNow:HH:mm:ss.fff} player {player} of test {test}: {fault}");
        }
    }
}
