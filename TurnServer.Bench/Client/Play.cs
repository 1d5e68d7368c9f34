namespace TurnServer.Bench.Client;

/// <summary>What one thread of the driver repeats.</summary>
internal abstract class Play
{
    /// <summary>Longest that replies may be held, in seconds: far longer than they are.</summary>
    public const int WaitSeconds = 20;

    /// <summary>Called once, before the first turn.</summary>
    public virtual void Begin()
    {
    }

    /// <summary>Sends one turn and reads all replies that it causes.</summary>
    /// <exception cref="BenchException">A reply is wrong.</exception>
    public abstract void PlayTurn();
}

/// <summary>The requests of <see cref="UpdatePlay"/> for a bare server.</summary>
internal sealed class BarePlay(DrivenSeat seat) : Play
{
    public override void PlayTurn()
    {
        seat.SendTurn();
        seat.ReadNoData();
    }
}

/// <summary>Updates without held replies; the partner does the same on another thread.</summary>
internal sealed class UpdatePlay(DrivenSeat seat) : Play
{
    public override void PlayTurn()
    {
        seat.SendTurn();
        seat.ReadTurns();
    }
}

/// <summary>
/// Two players take turns, each with its turn in the update whose reply is held for the other's: one request a turn,
/// every reply held.
/// </summary>
internal sealed class HeldTurnPlay(DrivenSeat one, DrivenSeat other) : Play
{
    private DrivenSeat _mover = one;
    private DrivenSeat _waiter = other;
    private bool _isUnderWay;

    public override void Begin() => _waiter.SendEmpty(WaitSeconds);

    public override void PlayTurn()
    {
        _mover.SendTurn(WaitSeconds);
        // The first turn may overtake the waiter's update. After that the waiter's reply shows that the server has the
        // mover's update and holds its reply.
        if (!_waiter.ReadOneTurn() && _isUnderWay)
            throw new BenchException("a reply was not held");
        _isUnderWay = true;
        (_mover, _waiter) = (_waiter, _mover);
    }
}

/// <summary>
/// One player sends turns and is answered at once; the other only receives, each turn by another held update: two
/// requests a turn.
/// </summary>
internal sealed class HeldReceivePlay(DrivenSeat sender, DrivenSeat receiver) : Play
{
    public override void Begin() => receiver.SendEmpty(WaitSeconds);

    public override void PlayTurn()
    {
        sender.SendTurn();
        sender.ReadNoData();
        // Not always held: the sender's next update may overtake the receiver's.
        receiver.ReadOneTurn();
        receiver.SendEmpty(WaitSeconds);
    }
}
