using System.Threading.Channels;

namespace TurnServer.Client;

/// <summary>A turn to be sent.</summary>
/// <param name="Bytes">The turn.</param>
/// <param name="Taken">Completed when the server has taken or refused it; null if no caller waits for that.</param>
/// <param name="EndsGame">Whether the game is over if the server refuses this turn.</param>
internal readonly record struct OutgoingTurn(ReadOnlyMemory<byte> Bytes, TaskCompletionSource<TurnFault?>? Taken,
    bool EndsGame);

/// <summary>Turns that wait to be sent. Many producers, one consumer.</summary>
internal sealed class Outbox(WakeSignal wakeSignal)
{
    // With turns of full length this is a megabyte, enough to keep the connection busy.
    private const int TurnsMax = 64;

    private readonly Channel<OutgoingTurn> _turns = Channel.CreateBounded<OutgoingTurn>(
        new BoundedChannelOptions(TurnsMax) { SingleReader = true });

    // Returned by the consumer: these go out before all others. Only the consumer touches this queue.
    private readonly Queue<OutgoingTurn> _returned = new();

    private volatile bool _isLast;

    /// <summary>Whether a turn waits to be sent.</summary>
    public bool HasTurns => TryPeek(out _);

    /// <summary>Whether no more turns are accepted: those that wait are the last.</summary>
    public bool IsLast => _isLast;

    /// <summary>Whether no turn waits and no more are accepted.</summary>
    public bool IsFinished => _returned.Count == 0 && _turns.Reader.Completion.IsCompleted;

    /// <summary>Waits for room and adds a turn; false when no more are accepted.</summary>
    public async ValueTask<bool> PutAsync(OutgoingTurn turn, CancellationToken cancel)
    {
        try
        {
            // WriteAsync keeps the order of the callers; WaitToWriteAsync and TryWrite would not.
            await _turns.Writer.WriteAsync(turn, cancel);
        }
        catch (ChannelClosedException)
        {
            return false;
        }

        wakeSignal.Set();
        return true;
    }

    /// <summary>Accepts no more turns.</summary>
    public void Finish()
    {
        _isLast = true;
        _turns.Writer.TryComplete();
        wakeSignal.Set();
    }

    /// <summary>Moves the next turn, and as many more as fit into this many bytes, to the batch.</summary>
    public void TakeBatch(List<OutgoingTurn> batch, int bytesMax)
    {
        var bytes = 0;
        while (TryPeek(out var next) && (batch.Count == 0 || bytes + next.Bytes.Length <= bytesMax)
            && TryRead(out next))
        {
            batch.Add(next);
            bytes += next.Bytes.Length + 1;
        }
    }

    /// <summary>Puts a batch back, ahead of all other turns.</summary>
    public void Return(List<OutgoingTurn> batch)
    {
        batch.AddRange(_returned);
        _returned.Clear();
        foreach (var turn in batch)
            _returned.Enqueue(turn);
        batch.Clear();
    }

    /// <summary>Drops all turns and tells the callers that wait for them.</summary>
    /// <param name="batch">Turns that were taken out and have not been sent.</param>
    /// <param name="fault">Why the game is over; null when it is not.</param>
    /// <param name="bug">The bug that keeps them from being sent; null: they are cancelled.</param>
    public void Drop(List<OutgoingTurn> batch, TurnFault? fault, Exception? bug)
    {
        Finish();
        while (TryRead(out var turn))
            batch.Add(turn);
        foreach (var turn in batch)
        {
            if (fault is not null)
                turn.Taken?.TrySetResult(fault);
            else if (bug is not null)
                turn.Taken?.TrySetException(bug);
            else
                turn.Taken?.TrySetCanceled();
        }
    }

    private bool TryPeek(out OutgoingTurn turn) => _returned.TryPeek(out turn) || _turns.Reader.TryPeek(out turn);

    private bool TryRead(out OutgoingTurn turn) => _returned.TryDequeue(out turn) || _turns.Reader.TryRead(out turn);
}
