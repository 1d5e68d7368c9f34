namespace TurnServer.Bench.Compare;

/// <summary>What one thread of the driver does again and again.</summary>
internal abstract class Play
{
    /// <summary>For how long held replies may be held, in seconds; they are all answered long before.</summary>
    public const int WaitSeconds = 20;

    /// <summary>Done once, before the first turn.</summary>
    public virtual void Begin()
    {
    }

    /// <summary>Brings one turn to the server and reads all replies that it causes.</summary>
    /// <exception cref="BenchException">A reply is not the right one.</exception>
    public abstract void PlayTurn();
}

/// <summary>A bare server is sent what this one is sent in <see cref="UpdatePlay"/>.</summary>
internal sealed class BarePlay(DrivenSeat seat) : Play
{
    public override void PlayTurn()
    {
        seat.SendTurn();
        seat.ReadNoData();
    }
}

/// <summary>Updates without waiting; the partner, on another thread, does the same.</summary>
internal sealed class UpdatePlay(DrivenSeat seat) : Play
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
internal sealed class HeldTurnPlay(DrivenSeat one, DrivenSeat other) : Play
{
    private DrivenSeat _mover = one;
    private DrivenSeat _waiter = other;
    private bool _isUnderWay;

    public override void Begin() => _waiter.SendNothing(WaitSeconds);

    public override void PlayTurn()
    {
        _mover.SendTurn(WaitSeconds);
        // The first mover may overtake the waiter. From then on the waiter's reply shows that the mover's update has
        // been taken and is held.
        if (!_waiter.ReadOneTurn() && _isUnderWay)
            throw new BenchException("a reply was not held");
        _isUnderWay = true;
        (_mover, _waiter) = (_waiter, _mover);
    }
}

/// <summary>
/// One sends turns and is answered at once, the other only receives, each time by another update that waits: two
/// requests a turn.
/// </summary>
internal sealed class HeldReceivePlay(DrivenSeat sender, DrivenSeat receiver) : Play
{
    public override void Begin() => receiver.SendNothing(WaitSeconds);

    public override void PlayTurn()
    {
        sender.SendTurn();
        sender.ReadNoData();
        // Not always held: the sender's next update may overtake the receiver's.
        receiver.ReadOneTurn();
        receiver.SendNothing(WaitSeconds);
    }
}
