using System;

namespace TurnServer.Client
{
    /// <summary>Coming back to a saved game (PROTOCOL.md, "Coming back").</summary>
    internal sealed partial class SeatMachine
    {
        // No seat reaches it: the refusal says which counter was the last.
        private const long UnreachableCounter = long.MaxValue;

        // How many counters after the last one known to be taken an earlier process may have used: that of an abandoned
        // held update, and the next.
        private const int UnderWayMax = 2;

        private static readonly TurnFault CannotResume = new TurnFault(TurnFaultKind.OutOfStep,
            "the server does not say what it has taken: it, or its part of this game, is older than this client");

        private static readonly TurnFault ServerBehind = new TurnFault(TurnFaultKind.OutOfStep,
            "the server has lost turns that it had taken");

        // Empty updates come first, up to this counter: once it is taken, no late update of an earlier process can be.
        private long _fence = long.MinValue;

        private void Resume(SavedGame saved)
        {
            _fence = saved.Counter + UnderWayMax;
            _savedReceived = saved.Received;
            AskWhereTheGameStands();
        }

        private void AskWhereTheGameStands() =>
            Send(State.Resuming, new OutgoingRequest($"6,{_tail}{UnreachableCounter}"));

        // Whether a late update of an earlier process has been taken meanwhile, beyond the counter of this request.
        private bool IsOvertaken(RequestOutcome outcome) => Counter < _fence && outcome.Reply.Error == Behind;

        // The refusal says where the game stands; then the last block comes again.
        private void CompleteResuming(RequestOutcome outcome, TimeSpan now)
        {
            var reply = outcome.Reply;
            _heardAt = now;
            _state = State.Idle;
            if (reply.TurnCounter == null || reply.Taken == null)
            {
                Ended = outcome.Fault == null || reply.Error == Ahead ? CannotResume : outcome.Fault;
            }
            else if (SetTaken(reply.Taken.Value))
            {
                Counter = reply.TurnCounter.Value;
                _block.Resume(reply.Acknowledged.Value, Inbox.Received);
                Inbox.SkipTo(reply.Acknowledged.Value);
                _fence = Math.Max(_fence, Counter + UnderWayMax);
                _lastTaken = new OutgoingRequest($"6,{_tail}{Counter}");
                if (Counter >= 0)
                    Send(State.Repeating, _lastTaken);
            }

            if (_state == State.Idle)
                IsResumed = true;
        }

        private void CompleteRepetition(RequestOutcome outcome, TimeSpan now)
        {
            if (IsOvertaken(outcome))
            {
                AskWhereTheGameStands();
                return;
            }

            Deliver(outcome, now);
            _state = State.Idle;
            IsResumed = true;
        }

        // False: the server has lost turns, and the game is over.
        private bool SetTaken(long taken)
        {
            if (Outbox.TrySetTaken(taken))
                return true;
            Ended = ServerBehind;
            return false;
        }
    }
}
