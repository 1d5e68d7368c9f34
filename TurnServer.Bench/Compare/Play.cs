namespace TurnServer.Bench.Compare;

/// <summary>What one thread of the driver does again and again.</summary>
internal abstract class Play(params DrivenSeat[] seats) : IDisposable
{
    /// <summary>For how long held replies may be held, in seconds; they are all answered long before.</summary>
    public const int WaitSeconds = 20;

    public IReadOnlyList<DrivenSeat> Seats => seats;

    /// <summary>Done once, a while before the first turn.</summary>
    public virtual void Begin()
    {
    }

    /// <summary>Brings one turn to the server and reads all replies that it causes.</summary>
    /// <exception cref="CompareException">A reply is not the right one.</exception>
    public abstract void PlayTurn();

    public void Dispose()
    {
        foreach (var seat in seats)
            seat.Dispose();
    }
}

/// <summary>A bare server is sent what this one is sent in <see cref="UpdatePlay"/>.</summary>
internal sealed class BarePlay(DrivenSeat seat) : Play(seat)
{
    public override void PlayTurn()
    {
        seat.SendTurn();
        seat.ReadNoData();
    }
}

/// <summary>Updates without waiting; the partner, on another thread, does the same.</summary>
internal sealed class UpdatePlay(DrivenSeat seat) : Play(seat)
{
    public override void PlayTurn()
    {
        seat.SendTurn();
        seat.ReadTurns();
    }
}

/// <summary>
/// Two take turns, each with its turn in the update that waits for the other's: one update a turn, every reply held.
/// </summary>
internal sealed class HeldTurnPlay(DrivenSeat one, DrivenSeat other) : Play(one, other)
{
    private DrivenSeat _mover = one;
    private DrivenSeat _waiter = other;

    // From then on the reply to the waiter shows that the mover's update has been taken, and is held.
    public override void Begin() => _waiter.SendNothing(WaitSeconds);

    public override void PlayTurn()
    {
        _mover.SendTurn(WaitSeconds);
        if (!_waiter.ReadOneTurn())
            throw new CompareException("a reply was not held");
        (_mover, _waiter) = (_waiter, _mover);
    }
}

/// <summary>
/// One sends turns and is answered at once, the other only listens, each time with another update that waits: two
/// requests a turn.
/// </summary>
internal sealed class HeldReceivePlay(DrivenSeat sender, DrivenSeat listener) : Play(sender, listener)
{
    public override void Begin() => listener.SendNothing(WaitSeconds);

    public override void PlayTurn()
    {
        sender.SendTurn();
        sender.ReadNoData();
        // Not always held: the sender's next update may overtake the listener's.
        listener.ReadOneTurn();
        listener.SendNothing(WaitSeconds);
    }
}
