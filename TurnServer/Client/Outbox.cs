using System.Threading.Channels;

namespace TurnServer.Client;

/// <summary>A turn on its way out, and whom to tell when the server has taken it or never will.</summary>
internal readonly record struct OutgoingTurn(ReadOnlyMemory<byte> Bytes, TaskCompletionSource<TurnFault?>? Taken);

/// <summary>Turns that wait to be sent. Many threads put them in, one takes them out.</summary>
internal sealed class Outbox(WakeUp loop)
{
    // With turns of full length this is a megabyte, and enough to keep the way to the server full.
    private const int TurnsMax = 64;

    private readonly Channel<OutgoingTurn> _turns = Channel.CreateBounded<OutgoingTurn>(
        new BoundedChannelOptions(TurnsMax) { SingleReader = true });

    private volatile bool _isLast;

    /// <summary>Whether a turn waits.</summary>
    public bool HasTurns => _turns.Reader.TryPeek(out _);

    /// <summary>Whether no more are taken: what waits is the last.</summary>
    public bool IsLast => _isLast;

    /// <summary>Whether there are none and will be none.</summary>
    public bool IsFinished => _turns.Reader.Completion.IsCompleted;

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

    /// <summary>Adds what goes together: as many of those that wait as one update holds.</summary>
    public void TakeBatch(List<OutgoingTurn> batch)
    {
        var bytes = 0;
        while (_turns.Reader.TryPeek(out var next)
            && (batch.Count == 0 || bytes + next.Bytes.Length <= TurnGame.TurnBytesMax)
            && _turns.Reader.TryRead(out next))
        {
            batch.Add(next);
            bytes += next.Bytes.Length + 1;
        }
    }

    /// <summary>Tells everybody who waits that their turns will not be sent.</summary>
    /// <param name="batch">Those that have been taken out.</param>
    /// <param name="fault">Why the game is over; null when it is not.</param>
    /// <param name="bug">What kept them from being sent; null when it is that nobody wants them to be.</param>
    public void Drop(List<OutgoingTurn> batch, TurnFault? fault, Exception? bug)
    {
        Finish();
        while (_turns.Reader.TryRead(out var turn))
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
}
