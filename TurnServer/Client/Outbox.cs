using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>A turn to be sent.</summary>
/// <param name="Bytes">The turn.</param>
/// <param name="Taken">Completed when the server has taken or refused it; null if no caller waits for that.</param>
/// <param name="EndsGame">Whether the game is over if the server refuses this turn.</param>
internal readonly record struct OutgoingTurn(ReadOnlyMemory<byte> Bytes, TaskCompletionSource<TurnFault?>? Taken,
    bool EndsGame);

/// <summary>The turns of one seat that the server has not taken, as a saved game keeps them.</summary>
/// <param name="Taken">How many turns the server has taken before.</param>
/// <param name="Last">The last of those, in case the server has lost them.</param>
/// <param name="Unsent">The turns that follow.</param>
internal sealed record OutboxContent(long Taken, IReadOnlyList<ReadOnlyMemory<byte>> Last,
    IReadOnlyList<ReadOnlyMemory<byte>> Unsent)
{
    public static OutboxContent Empty { get; } = new(0, [], []);
}

/// <summary>
/// The turns that the server has not taken: those of the batch under way, and those that wait to be sent. Many
/// producers, one consumer.
/// </summary>
internal sealed class Outbox
{
    // With turns of full length this is a megabyte, enough to keep the connection busy.
    private const int TurnsMax = 64;

    private readonly WakeSignal _wakeSignal;
    private readonly Lock _lock = new();
    private readonly List<OutgoingTurn> _batch = [];
    private readonly LinkedList<OutgoingTurn> _turns = new();

    // Callers who wait for room, in the order of their calls.
    private readonly LinkedList<(OutgoingTurn Turn, TaskCompletionSource<bool> IsAccepted)> _waiting = new();

    private List<ReadOnlyMemory<byte>> _last;
    private long _taken;
    private bool _isLast;

    public Outbox(WakeSignal wakeSignal, OutboxContent? content = null)
    {
        _wakeSignal = wakeSignal;
        content ??= OutboxContent.Empty;
        (_taken, _last) = (content.Taken, [.. content.Last]);
        foreach (var turn in content.Unsent)
            _turns.AddLast(new OutgoingTurn(turn, null, EndsGame: true));
    }

    /// <summary>The turns of the update under way. For the consumer.</summary>
    public IReadOnlyList<OutgoingTurn> Batch => _batch;

    /// <summary>How many turns the server has taken. For the consumer.</summary>
    public long Taken => _taken;

    /// <summary>Whether a turn waits to be sent.</summary>
    public bool HasTurns
    {
        get
        {
            lock (_lock)
                return _turns.Count > 0;
        }
    }

    /// <summary>Whether no more turns are accepted: those that wait are the last.</summary>
    public bool IsLast
    {
        get
        {
            lock (_lock)
                return _isLast;
        }
    }

    /// <summary>Whether no turn waits and no more are accepted.</summary>
    public bool IsFinished
    {
        get
        {
            lock (_lock)
                return _isLast && _turns.Count == 0;
        }
    }

    /// <summary>Waits for room and adds a turn; false when no more are accepted.</summary>
    public async ValueTask<bool> PutAsync(OutgoingTurn turn, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        TaskCompletionSource<bool>? isAccepted = null;
        lock (_lock)
        {
            if (_isLast)
                return false;
            if (_turns.Count < TurnsMax && _waiting.Count == 0)
            {
                _turns.AddLast(turn);
            }
            else
            {
                isAccepted = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting.AddLast((turn, isAccepted));
            }
        }

        _wakeSignal.Set();
        if (isAccepted is null)
            return true;
        await using var registration = cancel.UnsafeRegister(_ => Cancel(turn, isAccepted, cancel), null);
        return await isAccepted.Task;
    }

    /// <summary>Accepts no more turns, also of those who wait for room.</summary>
    public void Finish()
    {
        lock (_lock)
        {
            _isLast = true;
            foreach (var (_, isAccepted) in _waiting)
                isAccepted.TrySetResult(false);
            _waiting.Clear();
        }

        _wakeSignal.Set();
    }

    /// <summary>Moves the next turn, and as many more as fit into this many bytes, to the batch.</summary>
    public void TakeBatch(int bytesMax)
    {
        lock (_lock)
        {
            var bytes = _batch.Sum(turn => turn.Bytes.Length + 1);
            while (_turns.First is { Value: var next } && (_batch.Count == 0 || bytes + next.Bytes.Length <= bytesMax))
            {
                _turns.RemoveFirst();
                _batch.Add(next);
                bytes += next.Bytes.Length + 1;
            }

            AcceptWaiting();
        }
    }

    /// <summary>Puts the batch back, ahead of all other turns.</summary>
    public void ReturnBatch()
    {
        lock (_lock)
        {
            for (var i = _batch.Count - 1; i >= 0; i--)
                _turns.AddFirst(_batch[i]);
            _batch.Clear();
        }
    }

    /// <summary>
    /// The server has taken the whole batch, or refused it with this fault. If the game is over, its turns stay for a
    /// saved game: who could not reach the server may come back.
    /// </summary>
    public void CompleteBatch(TurnFault? fault)
    {
        lock (_lock)
        {
            if (fault is null && _batch.Count > 0)
            {
                _taken += _batch.Count;
                _last = Bytes(_batch);
            }

            foreach (var turn in _batch)
                turn.Taken?.TrySetResult(fault);
            if (fault is not (null or { Error: ErrorCode.OverContentLength }))
                ReturnBatch();
            _batch.Clear();
        }
    }

    /// <summary>
    /// The server says how many turns it has taken since the game began. What it has taken is complete, and the rest of
    /// the batch is put back. False if it has lost more turns than are known here.
    /// </summary>
    public bool TrySetTaken(long taken)
    {
        lock (_lock)
        {
            ReturnBatch();
            var lost = _taken - taken;
            if (lost > _last.Count)
                return false;
            for (var i = 1; i <= lost; i++)
                _turns.AddFirst(new OutgoingTurn(_last[^i], null, EndsGame: true));
            if (lost > 0)
                _last = [];
            for (var left = -lost; left > 0 && _turns.First is { Value: var turn }; left--)
            {
                _turns.RemoveFirst();
                _batch.Add(turn);
            }

            CompleteBatch(fault: null);
            // More may have been taken than were saved.
            _taken = taken;
            AcceptWaiting();
            return true;
        }
    }

    /// <summary>What a saved game keeps. Any thread.</summary>
    public OutboxContent GetContent()
    {
        lock (_lock)
        {
            var unsent = _batch.Concat(_turns).Concat(_waiting.Select(one => one.Turn));
            return new OutboxContent(_taken, _last, Bytes(unsent));
        }
    }

    /// <summary>Drops all turns and tells the callers that wait for them.</summary>
    /// <param name="fault">Why the game is over; null when it is not.</param>
    /// <param name="bug">The bug that keeps them from being sent; null: they are cancelled.</param>
    public void Drop(TurnFault? fault, Exception? bug)
    {
        Finish();
        lock (_lock)
        {
            foreach (var turn in _batch.Concat(_turns))
            {
                if (fault is not null)
                    turn.Taken?.TrySetResult(fault);
                else if (bug is not null)
                    turn.Taken?.TrySetException(bug);
                else
                    turn.Taken?.TrySetCanceled();
            }
        }
    }

    private static List<ReadOnlyMemory<byte>> Bytes(IEnumerable<OutgoingTurn> turns) =>
        [.. turns.Select(turn => turn.Bytes)];

    private void AcceptWaiting()
    {
        while (_turns.Count < TurnsMax && _waiting.First is { Value: var (turn, isAccepted) })
        {
            _waiting.RemoveFirst();
            _turns.AddLast(turn);
            isAccepted.TrySetResult(true);
        }
    }

    private void Cancel(OutgoingTurn turn, TaskCompletionSource<bool> isAccepted, CancellationToken cancel)
    {
        lock (_lock)
        {
            if (_waiting.Remove((turn, isAccepted)))
                isAccepted.TrySetCanceled(cancel);
        }
    }
}
