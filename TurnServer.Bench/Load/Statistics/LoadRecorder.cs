using System.Diagnostics;
using TurnServer.Bench.Client;
using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Bench.Load.Statistics;

/// <summary>Counters and latencies of all players of a test. Thread-safe.</summary>
internal sealed class LoadRecorder
{
    private readonly long[] _kinds = new long[ReplyKinds.KindsMax];
    private readonly long[] _held = new long[(int)Symbol.GameUpdate + 1];
    private readonly Latencies[] _symbols = [.. Enum.GetValues<Symbol>().Select(_ => new Latencies())];
    private readonly Latencies _turns = new();
    private long _requests;
    private long _turnsSent;
    private long _turnsReceived;
    private long _seatsPlayed;
    private long _comeBacks;

    /// <summary>Requests that the server answered, including those whose replies were dropped on purpose.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    public long TurnsSent => Interlocked.Read(ref _turnsSent);

    public long TurnsReceived => Interlocked.Read(ref _turnsReceived);

    /// <summary>Seats played to the end of their game; two to a game.</summary>
    public long SeatsPlayed => Interlocked.Read(ref _seatsPlayed);

    /// <summary>Players who crashed and came back to their games.</summary>
    public long ComeBacks => Interlocked.Read(ref _comeBacks);

    /// <summary>Latency of turns from due to received; the sampler takes its intervals.</summary>
    public Latencies Turns => _turns;

    /// <summary>Counts a request that has ended.</summary>
    public void Count(in TurnAttempt attempt)
    {
        if (attempt.Reply is not { } reply)
        {
            var isDropped = attempt.Loss == LossyTransport.Reason;
            Interlocked.Increment(ref _kinds[isDropped ? ReplyKinds.Dropped : ReplyKinds.Lost]);
            if (isDropped)
                Interlocked.Increment(ref _requests);
            return;
        }

        Interlocked.Increment(ref _requests);
        Interlocked.Increment(ref _kinds[ReplyKinds.KindOf(reply)]);
        if (reply.WasHeld)
            Interlocked.Increment(ref _held[(int)attempt.Symbol]);
        // CountAccepted times updates, from when their turns were due.
        else if (attempt.Symbol != Symbol.GameUpdate)
            _symbols[(int)attempt.Symbol].Record(attempt.Elapsed);
    }

    /// <summary>Counts a turn that is handed to its player's client.</summary>
    public void CountSent() => Interlocked.Increment(ref _turnsSent);

    /// <summary>Counts a turn that the server has accepted.</summary>
    /// <param name="dueAt">When it was due, in Stopwatch ticks.</param>
    public void CountAccepted(long dueAt) =>
        _symbols[(int)Symbol.GameUpdate].Record(Stopwatch.GetElapsedTime(dueAt));

    /// <summary>Counts a turn that has arrived for the first time.</summary>
    /// <param name="dueAt">When it was due, in Stopwatch ticks.</param>
    public void CountReceived(long dueAt)
    {
        Interlocked.Increment(ref _turnsReceived);
        _turns.Record(Stopwatch.GetElapsedTime(dueAt));
    }

    /// <summary>Counts a seat that was played to the end of its game.</summary>
    public void CountSeat() => Interlocked.Increment(ref _seatsPlayed);

    /// <summary>Counts a player who crashed and came back to its game.</summary>
    public void CountComeBack() => Interlocked.Increment(ref _comeBacks);

    /// <summary>The number of replies of each kind, by <see cref="ReplyKinds.KindOf"/>.</summary>
    public long[] CopyKinds()
    {
        var copy = new long[_kinds.Length];
        for (var i = 0; i < copy.Length; i++)
            copy[i] = Interlocked.Read(ref _kinds[i]);
        return copy;
    }

    /// <summary>Statistics of each symbol that was used.</summary>
    public IReadOnlyList<SymbolStatistics> SummarizeSymbols() =>
    [
        .. Enum.GetValues<Symbol>()
            .Select(symbol => new SymbolStatistics((int)symbol, ReplyKinds.NameOf(symbol),
                _symbols[(int)symbol].Summarize(), Interlocked.Read(ref _held[(int)symbol])))
            .Where(statistics => statistics.Latency.Count + statistics.Held > 0),
    ];
}
