using System.Diagnostics;
using TurnServer.Bench.Load.Http;
using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Bench.Load.Statistics;

/// <summary>What all players of a test record while it runs. Every member may be called from any thread.</summary>
internal sealed class LoadRecorder
{
    private readonly long[] _kinds = new long[ReplyNames.KindsMax];
    private readonly long[] _held = new long[(int)Symbol.GameUpdate + 1];
    private readonly Latencies[] _symbols = [.. Enum.GetValues<Symbol>().Select(_ => new Latencies())];
    private readonly Latencies _turns = new();
    private long _requests;
    private long _turnsSent;
    private long _turnsReceived;
    private long _seatsPlayed;

    /// <summary>Requests that the server answered, those included whose replies were dropped on purpose.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    public long TurnsSent => Interlocked.Read(ref _turnsSent);

    public long TurnsReceived => Interlocked.Read(ref _turnsReceived);

    /// <summary>How often a player has played a game to its end.</summary>
    public long SeatsPlayed => Interlocked.Read(ref _seatsPlayed);

    /// <summary>From due to received. Its intervals are for whoever samples.</summary>
    public Latencies Turns => _turns;

    /// <summary>One request has ended.</summary>
    public void Count(in TurnAttempt attempt)
    {
        if (attempt.Reply is not { } reply)
        {
            var isDropped = attempt.Loss == LossyHandler.Reason;
            Interlocked.Increment(ref _kinds[isDropped ? ReplyNames.Dropped : ReplyNames.Lost]);
            if (isDropped)
                Interlocked.Increment(ref _requests);
            return;
        }

        Interlocked.Increment(ref _requests);
        Interlocked.Increment(ref _kinds[ReplyNames.KindOf(reply)]);
        if (reply.WasHeld)
            Interlocked.Increment(ref _held[(int)attempt.Symbol]);
        // Updates are timed from when their turns were due, by CountTaken.
        else if (attempt.Symbol != Symbol.GameUpdate)
            _symbols[(int)attempt.Symbol].Record(attempt.Elapsed);
    }

    /// <summary>A turn is handed to its player's client.</summary>
    public void CountSent() => Interlocked.Increment(ref _turnsSent);

    /// <summary>The server has taken a turn that was due at this time of Stopwatch's.</summary>
    public void CountTaken(long dueAt) =>
        _symbols[(int)Symbol.GameUpdate].Record(Stopwatch.GetElapsedTime(dueAt));

    /// <summary>A turn that was due at this time of Stopwatch's has arrived, for the first time.</summary>
    public void CountReceived(long dueAt)
    {
        Interlocked.Increment(ref _turnsReceived);
        _turns.Record(Stopwatch.GetElapsedTime(dueAt));
    }

    /// <summary>A player has played a game to its end; the other one of it counts too.</summary>
    public void CountSeat() => Interlocked.Increment(ref _seatsPlayed);

    /// <summary>How many replies there were of each kind, by <see cref="ReplyNames.KindOf"/>.</summary>
    public long[] CopyKinds()
    {
        var copy = new long[_kinds.Length];
        for (var i = 0; i < copy.Length; i++)
            copy[i] = Interlocked.Read(ref _kinds[i]);
        return copy;
    }

    /// <summary>What is known of each symbol that was asked.</summary>
    public IReadOnlyList<SymbolStatistics> SummarizeSymbols() =>
    [
        .. Enum.GetValues<Symbol>()
            .Select(symbol => new SymbolStatistics((int)symbol, ReplyNames.NameOf(symbol),
                _symbols[(int)symbol].Summarize(), Interlocked.Read(ref _held[(int)symbol])))
            .Where(statistics => statistics.Latency.Count + statistics.Held > 0),
    ];
}
