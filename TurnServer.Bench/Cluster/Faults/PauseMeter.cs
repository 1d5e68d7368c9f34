using System.Diagnostics;
using TurnServer.Bench.Load;

namespace TurnServer.Bench.Cluster.Faults;

/// <summary>Notes when turns arrive, to tell afterwards how long games stood still.</summary>
internal sealed class PauseMeter : ILoadObserver
{
    private readonly Lock _gate = new();
    private readonly List<(long At, long Stream, TimeSpan Latency)> _turns = [];
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

    /// <inheritdoc/>
    public void OnTurn(long stream, TimeSpan latency)
    {
        lock (_gate)
            _turns.Add((Stopwatch.GetTimestamp(), stream, latency));
    }

    /// <inheritdoc/>
    public void OnFault(int player, string fault)
    {
        lock (_gate)
            _faults.Add($"{DateTime.UtcNow:HH:mm:ss.fff} player {player}: {fault}");
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
}
