using System;
using System.Collections.Generic;
using System.Linq;

namespace TurnServer.Client
{
    /// <summary>What to do next: send a request, pause, or, with neither, nothing any more.</summary>
    internal readonly struct SeatStep
    {
        public SeatStep(OutgoingRequest request, TimeSpan? pause = null)
        {
            Request = request;
            Pause = pause;
        }

        /// <summary>The request to send; null: none.</summary>
        public OutgoingRequest Request { get; }

        /// <summary>Wait for so long, or until the queues change, and ask again; null: do not.</summary>
        public TimeSpan? Pause { get; }
    }

    /// <summary>
    /// The client's rules for one seat of a game, without I/O, tasks or a clock: which request to send next, and what a
    /// reply means. It sends the outbox's turns and delivers the partner's to the inbox.
    /// </summary>
    /// <remarks>
    /// An update acknowledges the previous block, and a late copy of an earlier update may still reach the server and
    /// add to that block. So each update says how much of the last block has arrived (PROTOCOL.md, "Saying what has
    /// arrived"). That also allows a turn to go out while a reply is held: the held reply is abandoned and its data
    /// comes again.
    /// </remarks>
    internal sealed partial class SeatMachine
    {
        public const int BodyBytesMax = 16_384;
        public const int TooLong = 20;

        private const int Behind = 18;
        private const int Ahead = 19;
        private const int Full = 21;

        private static readonly TimeSpan FullPauseFirst = TimeSpan.FromMilliseconds(2);
        private static readonly TimeSpan FullPauseLongest = TimeSpan.FromMilliseconds(250);

        private readonly TurnOptions _options;
        private readonly string _tail;
        private readonly ReceivedBlock _block = new ReceivedBlock();
        private State _state;
        private OutgoingRequest _request;

        // The next update to be taken, and the last that was.
        private OutgoingRequest _update;
        private OutgoingRequest _lastTaken;

        // Updates whose replies were abandoned; the next update assumes that they were taken.
        private List<OutgoingRequest> _unconfirmed = new List<OutgoingRequest>();
        private int _confirmed;

        // How many of the partner's turns the last saved game has; −1: none was saved.
        private long _savedReceived = -1;

        // Lowered once the server, or a proxy in front of it, has refused a longer one.
        private int _batchBytesMax = TurnGame.TurnBytesMax;
        private bool _canHold = true;
        private TimeSpan _heardAt;
        private TimeSpan _fullPause;
        private TimeSpan _retryAt;

        /// <summary>The rules for a seat.</summary>
        /// <param name="start">The game.</param>
        /// <param name="isResumed">Whether it was saved, and has to be resumed.</param>
        /// <param name="options">Read at each step.</param>
        public SeatMachine(SavedGame start, bool isResumed, TurnOptions options)
        {
            _options = options;
            _tail = $",{start.Key},{start.Seat},";
            Outbox = new Outbox(start);
            Inbox = new Inbox(start);
            Counter = start.Counter;
            IsResumed = !isResumed;
            if (isResumed)
                Resume(start);
        }

        private enum State
        {
            Idle,

            /// <summary>The update is under way.</summary>
            Updating,

            /// <summary>The server lacks an abandoned update: sends the abandoned ones again first.</summary>
            Confirming,

            /// <summary>The partner's backlog has no room for the update.</summary>
            BacklogFull,

            /// <summary>Repeats the last update to collect the partner's turns; this acknowledges nothing.</summary>
            Repeating,

            /// <summary>Asks for the last counter, and for how many turns the server has taken.</summary>
            Resuming,

            /// <summary>Sends an empty update under the refused update's counter, to acknowledge.</summary>
            Freeing,
        }

        public Outbox Outbox { get; }

        public Inbox Inbox { get; }

        /// <summary>The last counter taken; −1 before the first.</summary>
        public long Counter { get; private set; }

        /// <summary>Why the game is over; null while it continues.</summary>
        public TurnFault Ended { get; private set; }

        /// <summary>False until a saved game is resumed or over.</summary>
        public bool IsResumed { get; private set; }

        /// <summary>How many of the partner's turns are missing in a resumed game.</summary>
        public long Missed => _block.Missed;

        /// <summary>Whether to abandon a held reply, because there is something to send.</summary>
        public bool ShouldAbandon => Outbox.HasTurns || Outbox.IsFinished;

        /// <summary>A game was saved with this many of the partner's turns.</summary>
        public void NoteSaved(long received) => _savedReceived = received;

        /// <summary>What to do next.</summary>
        /// <param name="now">Time since the game began.</param>
        public SeatStep Next(TimeSpan now)
        {
            if (_state == State.Idle)
                return Begin(now);
            if (_state == State.BacklogFull)
            {
                if (now < _retryAt)
                    return Pause(_retryAt - now);
                if (Inbox.HasRoom && Counter >= 0)
                    Send(State.Repeating, _lastTaken);
                else
                    SendUpdate();
            }

            return Send(_state, _request);
        }

        /// <summary>The request of the last step has been answered, or has failed for good.</summary>
        public void Complete(RequestOutcome outcome, TimeSpan now)
        {
            if (_request.Wait > TimeSpan.Zero)
                _canHold = outcome.Reply.IsHeld || (_canHold && !outcome.Reply.IsEmpty);
            switch (_state)
            {
                case State.Updating:
                    CompleteUpdate(outcome, now);
                    break;
                case State.Confirming:
                    Confirm(outcome, now);
                    break;
                case State.Repeating when Outbox.Batch.Count > 0:
                    Collect(outcome, now);
                    break;
                case State.Repeating:
                    CompleteRepetition(outcome, now);
                    break;
                case State.Freeing:
                    FreeCounter(outcome, now);
                    break;
                case State.Resuming:
                    CompleteResuming(outcome, now);
                    break;
            }
        }

        /// <summary>The request of the last step, whose reply was held, has been abandoned.</summary>
        public void Abandon(TimeSpan now)
        {
            // The result of these turns must be known before others are sent.
            if (Outbox.Batch.Count > 0)
            {
                _request = _request.WithoutWait();
                return;
            }

            _unconfirmed.Add(_request.WithoutWait());
            Finish(RequestOutcome.Assumed, now);
        }

        private SeatStep Begin(TimeSpan now)
        {
            if (Ended != null || Outbox.IsFinished)
                return default;
            // Nothing is sent before the first save: until then the registration's token leads back to the game.
            if (_options.SavesEachTurn && _savedReceived < 0 && !Outbox.IsLast)
                return Pause(_options.KeepAlive);
            if (Counter < _fence)
                return StartUpdate(TimeSpan.Zero);
            if (Outbox.HasTurns && (Inbox.HasRoom || Outbox.IsLast))
            {
                Outbox.TakeBatch(_batchBytesMax);
                _fullPause = FullPauseFirst;
                // Ask for a held reply only if neither a sender nor further turns wait for this update's result.
                var isAwaited = Outbox.HasTurns || Outbox.IsLast || Outbox.Batch.Any(turn => turn.OnTaken != null);
                return StartUpdate(isAwaited ? TimeSpan.Zero : Wait);
            }

            var isReaderWaiting = Inbox.IsReaderWaiting;
            var pause = SilenceMax(isReaderWaiting) - (now - _heardAt);
            if (pause > TimeSpan.Zero)
                return Pause(pause);
            if (Counter >= 0 && (!Inbox.HasRoom || HasUnsaved))
                return Send(State.Repeating, _lastTaken);
            return StartUpdate(isReaderWaiting ? Wait : TimeSpan.Zero);
        }

        // How long to send nothing after the last reply.
        private TimeSpan SilenceMax(bool isReaderWaiting)
        {
            if (!isReaderWaiting || !Inbox.HasRoom || HasUnsaved)
                return _options.KeepAlive;
            if (_canHold && Wait > TimeSpan.Zero)
                return TimeSpan.Zero;
            return _options.PollInterval < _options.KeepAlive ? _options.PollInterval : _options.KeepAlive;
        }

        // The header Prefer has whole seconds.
        private TimeSpan Wait => TimeSpan.FromSeconds(Math.Floor(_options.Wait.TotalSeconds));

        // Turns that no saved game has are not acknowledged, and no reply is held while there are any.
        private bool HasUnsaved => Acknowledgeable.Length < _block.Text.Length;

        private string Acknowledgeable
        {
            get
            {
                // A resumed game takes no further blocks while the inbox is full.
                if (Counter < _fence && !Inbox.HasRoom)
                    return "";
                return _options.SavesEachTurn ? _block.UpTo(_savedReceived) : _block.Text;
            }
        }

        private static SeatStep Pause(TimeSpan pause) => new SeatStep(null, pause);

        private SeatStep Send(State state, OutgoingRequest request)
        {
            _state = state;
            _request = request;
            return new SeatStep(request);
        }

        private SeatStep StartUpdate(TimeSpan wait)
        {
            _update = Compose(Outbox.Batch, wait);
            return SendUpdate();
        }

        private SeatStep SendUpdate()
        {
            _confirmed = 0;
            return ResendUpdate();
        }

        // Not held any more once other turns wait for its result.
        private SeatStep ResendUpdate() =>
            Send(State.Updating, ShouldAbandon ? _update.WithoutWait() : _update);

        private OutgoingRequest Compose(IEnumerable<OutgoingTurn> turns, TimeSpan wait)
        {
            var acknowledges = Acknowledgeable;
            return new OutgoingRequest($"6,{TurnText.Join(turns.Select(turn => turn.Text))}{_tail}{Counter + 1}", wait,
                Counter < 0 ? (int?)null : TurnText.BytesOf(acknowledges), acknowledges);
        }

        private void CompleteUpdate(RequestOutcome outcome, TimeSpan now)
        {
            var error = outcome.Reply.Error;
            if (error == Ahead && _unconfirmed.Count > 0 && _confirmed == 0)
            {
                Send(State.Confirming, _unconfirmed[0]);
            }
            else if (IsOvertaken(outcome))
            {
                AskWhereTheGameStands();
            }
            else
            {
                // Length is checked before the counter: this refusal tells nothing about earlier updates.
                if (error != TooLong)
                    _unconfirmed = new List<OutgoingRequest>();
                Finish(outcome, now);
            }
        }

        private void Confirm(RequestOutcome outcome, TimeSpan now)
        {
            // Behind: this update arrived late after all, and then a late copy of the refused one was taken.
            if (outcome.Fault != null && outcome.Reply.Error != Behind)
                Finish(outcome, now);
            else if (++_confirmed < _unconfirmed.Count)
                Send(State.Confirming, _unconfirmed[_confirmed]);
            else
                ResendUpdate();
        }

        private void Finish(RequestOutcome outcome, TimeSpan now)
        {
            var hasTurns = Outbox.Batch.Count > 0;
            if (hasTurns && outcome.Reply.Error == Full)
            {
                // A late copy of the update may still be taken, so the very same update is repeated until it is
                // (PROTOCOL.md, "Rules for clients").
                _state = State.BacklogFull;
                _retryAt = now + _fullPause;
                _fullPause = _fullPause + _fullPause < FullPauseLongest ? _fullPause + _fullPause : FullPauseLongest;
            }
            else if (hasTurns && outcome.Reply.Error == TooLong)
            {
                Refuse(outcome.Fault, now);
            }
            else
            {
                Take(_update, outcome, now);
                CompleteBatch(outcome.Fault);
            }
        }

        // Too long for the server or a proxy: several turns are split up, a single one is refused.
        private void Refuse(TurnFault fault, TimeSpan now)
        {
            _heardAt = now;
            if (Outbox.Batch.Count > 1)
            {
                _batchBytesMax = Outbox.Batch.Sum(turn => TurnText.BytesOf(turn.Text)) / 2;
                Outbox.ReturnBatch();
                _state = State.Idle;
                return;
            }

            // Nobody would learn that a posted turn was refused.
            if (Outbox.Batch[0].OnTaken == null)
                Ended = fault;
            CompleteBatch(fault);
        }

        // Repeated the last update while the partner's backlog is full.
        private void Collect(RequestOutcome outcome, TimeSpan now)
        {
            // The refused update has been taken after all; repeating it will show that.
            if (outcome.Reply.Error == Behind)
            {
                SendUpdate();
                return;
            }

            Deliver(outcome, now);
            if (Ended != null)
                CompleteBatch(Ended);
            else if (_block.IsNearlyFull && Acknowledgeable.Length > 0 && outcome.Reply.Taken != null)
                Send(State.Freeing, Compose(Array.Empty<OutgoingTurn>(), TimeSpan.Zero));
            else
                SendUpdate();
        }

        // Both backlogs may be full, and only an update that is taken acknowledges (PROTOCOL.md, "Rules for clients").
        private void FreeCounter(RequestOutcome outcome, TimeSpan now)
        {
            if (outcome.Reply.Taken > Outbox.Taken)
            {
                // The refused update has been taken after all; repeating it gets its block.
                SendUpdate();
                return;
            }

            Take(_request, outcome, now);
            if (Ended != null)
            {
                CompleteBatch(Ended);
                return;
            }

            // The counter has carried an empty update, so the turns go out under the next one.
            Outbox.ReturnBatch();
            _state = State.Idle;
        }

        private void Take(OutgoingRequest update, RequestOutcome outcome, TimeSpan now)
        {
            if (outcome.Fault == null)
            {
                Counter++;
                _lastTaken = update.WithoutWait();
                // A counter that was taken before, perhaps by an update of another process: the totals say what was.
                var isTold = outcome.Reply.Code == ServerReply.GameRedundant && outcome.Reply.Taken != null;
                _block.Acknowledge(isTold ? _block.UpTo(outcome.Reply.Acknowledged.Value) : update.Acknowledges);
                if (isTold)
                    SetTaken(outcome.Reply.Taken.Value);
            }

            Deliver(outcome, now);
        }

        private void Deliver(RequestOutcome outcome, TimeSpan now)
        {
            _heardAt = now;
            if (outcome.Fault != null)
            {
                Ended = outcome.Fault;
                return;
            }

            // As the first reply to a counter, 0/11/* may stand for a turn "*". It is skipped: as 0 bytes are
            // acknowledged, a real turn comes again.
            if (outcome.Reply.IsEmpty)
                return;
            if (_block.Grow(outcome.Reply.Data) is string turns)
                Inbox.Put(turns);
        }

        private void CompleteBatch(TurnFault fault)
        {
            Outbox.CompleteBatch(fault);
            _state = State.Idle;
        }
    }
}
