using System.Threading.Channels;

namespace TurnServer.Client;

/// <summary>A turn on its way out.</summary>
/// <param name="Bytes">The turn.</param>
/// <param name="Taken">Whom to tell when the server has taken it or never will; null: nobody.</param>
/// <param name="EndsGame">Whether the game is over when the server refuses this turn alone.</param>
internal readonly record struct OutgoingTurn(ReadOnlyMemory<byte> Bytes, TaskCompletionSource<TurnFault?>? Taken,
    bool EndsGame);

/// <summary>Turns that wait to be sent. Many threads put them in, one takes them out.</summary>
internal sealed class Outbox(WakeSignal loop)
{
    // With turns of full length this is a megabyte, and enough to keep the way to the server full.
    private const int TurnsMax = 64;

    private readonly Channel<OutgoingTurn> _turns = Channel.CreateBounded<OutgoingTurn>(
        new BoundedChannelOptions(TurnsMax) { SingleReader = true });

    // Those that were taken out and put back: ahead of all others, and for the one who takes them out alone.
    private readonly Queue<OutgoingTurn> _returned = new();

    private volatile bool _isLast;

    /// <summary>Whether a turn waits.</summary>
    public bool HasTurns => TryPeek(out _);

    /// <summary>Whether no more are taken: what waits is the last.</summary>
    public bool IsLast => _isLast;

    /// <summary>Whether there are none and will be none.</summary>
    public bool IsFinished => _returned.Count == 0 && _turns.Reader.Completion.IsCompleted;

    /// <summary>Waits for room and puts a turn in; false when no more are taken.</summary>
    public async ValueTask<bool> PutAsync(OutgoingTurn turn, CancellationToken cancel)
    {
        try
        {
            // Not waiting for room and then trying: those who wait would race for it, out of order.
            await _turns.Writer.WriteAsync(turn, cancel);
        }
        catch (ChannelClosedException)
        {
            return false;
        }

        loop.Call();
        return true;
    }

    /// <summary>Takes no more.</summary>
    public void Finish()
    {
        _isLast = true;
        _turns.Writer.TryComplete();
        loop.Call();
    }

    /// <summary>Adds what goes together: one of those that wait, and those behind it up to so many bytes.</summary>
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

    /// <summary>Puts back, ahead of all others, what was taken out together.</summary>
    public void Return(List<OutgoingTurn> batch)
    {
        batch.AddRange(_returned);
        _returned.Clear();
        foreach (var turn in batch)
            _returned.Enqueue(turn);
        batch.Clear();
    }

    /// <summary>Tells everybody who waits that their turns will not be sent.</summary>
    /// <param name="batch">Those that have been taken out.</param>
    /// <param name="fault">Why the game is over; null when it is not.</param>
    /// <param name="bug">What kept them from being sent; null when it is that nobody wants them to be.</param>
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
