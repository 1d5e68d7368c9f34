using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>Coming back to a saved game (PROTOCOL.md, "Coming back").</summary>
internal sealed partial class SeatMachine
{
    // No seat reaches it: the refusal says which counter was the last (PROTOCOL.md, "Coming back").
    private const long UnreachableCounter = long.MaxValue;

    // How many counters after the last one known to be taken an earlier process may have used: that of an abandoned
    // held update, and the next.
    private const int UnderWayMax = 2;

    private static readonly TurnFault CannotResume = new(TurnFaultKind.OutOfStep,
        "the server does not say what it has taken: it, or its part of this game, is older than this client");

    private static readonly TurnFault ServerBehind = new(TurnFaultKind.OutOfStep,
        "the server has lost turns that it had taken");

    // Empty updates come first, up to this counter: once it is taken, no late update of an earlier process can be.
    private long _fence = long.MinValue;

    /// <summary>Begins with a saved game. To be called first.</summary>
    /// <param name="saved">The saved game, whose turns outbox and inbox have.</param>
    public void Resume(SavedGame saved)
    {
        _counter = saved.Counter;
        _fence = saved.Counter + UnderWayMax;
        _savedReceived = saved.Received;
        AskWhereTheGameStands();
    }

    private void AskWhereTheGameStands() =>
        Send(State.Resuming, new OutgoingRequest(requests.Update([], UnreachableCounter)));

    // Whether a late update of an earlier process has been taken meanwhile, beyond the counter of this request.
    private bool IsOvertaken(in ServerReply reply) =>
        _counter < _fence && reply.Error == ErrorCode.PlayerStateBehind;

    // The refusal says where the game stands; then the last block comes again.
    private void FinishResuming(in RequestOutcome outcome, TimeSpan now)
    {
        _lastHeardAt = now;
        _state = State.Idle;
        if (outcome.Reply is not { TurnCounter: { } counter, Totals: { } totals })
        {
            _ended = outcome.Fault is null or { Error: ErrorCode.PlayerStateAhead } ? CannotResume : outcome.Fault;
        }
        else if (!outbox.TrySetTaken(totals.Taken))
        {
            _ended = ServerBehind;
        }
        else
        {
            Interlocked.Exchange(ref _counter, counter);
            _block.Resume(totals.Acknowledged, inbox.GetContent().Received);
            _fence = Math.Max(_fence, counter + UnderWayMax);
            _lastAccepted = new OutgoingRequest(requests.Update([], counter));
            if (counter >= 0)
                Send(State.Repeating, _lastAccepted);
        }

        if (_state == State.Idle)
            _resumed.TrySetResult();
    }

    private void RepeatWithoutBatch(in RequestOutcome outcome, TimeSpan now)
    {
        if (IsOvertaken(outcome.Reply))
        {
            AskWhereTheGameStands();
            return;
        }

        Deliver(outcome, now);
        _state = State.Idle;
        _resumed.TrySetResult();
    }

    // This counter was taken before: by this update, or by one that an earlier process sent under it.
    private void NoteTotals(TurnTotals totals)
    {
        _block.AcknowledgeTo(totals.Acknowledged);
        if (!outbox.TrySetTaken(totals.Taken))
            _ended = ServerBehind;
    }
}
