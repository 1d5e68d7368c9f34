using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace TurnServer.Client
{
    /// <summary>
    /// One seat of a game. Turns arrive exactly once and in order, even if requests and replies are lost. All methods
    /// are for the main thread. Replies and frames keep the seat alive until the game is over or disposed.
    /// </summary>
    public sealed class TurnGame : IDisposable
    {
        /// <summary>The longest turn, in bytes of UTF-8: the longest body minus what its other fields can take.
        /// </summary>
        public const int TurnBytesMax = SeatMachine.BodyBytesMax - 64;

        private readonly SavedGame _start;
        private readonly RequestSender _sender;
        private readonly SeatMachine _machine;
        private readonly TimeSpan _startedAt;

        // Completed within a step, after the machine has changed: they run the game's code, which may call any method.
        private readonly TaskCompletionSource<bool> _resumed = new TaskCompletionSource<bool>();
        private readonly TaskCompletionSource<bool> _finished = new TaskCompletionSource<bool>();
        private TaskCompletionSource<bool> _reader;

        // At most one of these is there: the request under way, or the pause until the next.
        private RequestSender.Sending _sending;
        private IDisposable _pause;
        private bool _isHeld;
        private bool _isStepping;
        private bool _isOver;

        internal TurnGame(SavedGame start, bool isResumed, ITurnTransport transport, TurnOptions options)
        {
            _start = start;
            _sender = new RequestSender(start.Url, transport, options);
            _machine = new SeatMachine(start, isResumed, options);
            _startedAt = transport.Now;
            Step();
        }

        /// <summary>The partner, and who hosts.</summary>
        public Pairing Pairing => new Pairing(_start.Partner, _start.IsHost);

        /// <summary>The number of this player's seat: 0 if it was ready last, 1 if it was ready first.</summary>
        public int Seat => _start.Seat;

        /// <summary>Why the game is over; null while it is on, and if this player has left it.</summary>
        public TurnFault Ended => _machine.Ended;

        /// <summary>
        /// For how long the server had not heard from the partner when it sent its last reply, in whole seconds; null
        /// before the first such reply (PROTOCOL.md, "Knowing about the partner").
        /// </summary>
        public TimeSpan? PartnerSilent { get; private set; }

        /// <summary>
        /// How many of the partner's turns were acknowledged after the game was saved, and are lost to a resumed game.
        /// Zero with <see cref="TurnOptions.SavesEachTurn"/>.
        /// </summary>
        public long Missed => _machine.Missed;

        /// <summary>
        /// Comes back to a game that was saved, in this process or another; the saved one must not be used any more.
        /// What was sent arrives once, whether or not the server had taken it.
        /// </summary>
        /// <param name="saved">What <see cref="Save"/> returned, here or in a client in another language.</param>
        /// <param name="transport">Sends the requests.</param>
        /// <param name="options">Timeouts and intervals; null: the defaults.</param>
        /// <param name="cancel">Cancels at once.</param>
        /// <returns>The game, or why it is over or cannot be resumed.</returns>
        /// <exception cref="FormatException">The text is not a saved game.</exception>
        public static async Task<TurnResult<TurnGame>> ResumeAsync(string saved, ITurnTransport transport,
            TurnOptions options = null, CancellationToken cancel = default)
        {
            var game = new TurnGame(SavedGame.Read(saved), isResumed: true, transport, options ?? new TurnOptions());
            try
            {
                await Cancellation.WaitAsync(game._resumed.Task, cancel);
            }
            catch (OperationCanceledException)
            {
                game.Dispose();
                throw;
            }

            // A game that is over may still have turns to read.
            return game.Ended == null || game._machine.Inbox.Unread.Count > 0 ? (TurnResult<TurnGame>)game : game.Ended;
        }

        /// <summary>
        /// Sends a turn; completes when the server has taken it. Several calls may be pending: turns go out in the
        /// order of the calls, and those that wait at the same time share a request.
        /// </summary>
        /// <param name="turn">
        /// 1 to <see cref="TurnBytesMax"/> bytes of UTF-8 without <c>|</c>, which separates turns on the wire.
        /// </param>
        /// <returns>
        /// Null, or why the server has not taken it. If <see cref="TurnFault.IsTurnTooLong"/> the game continues; with
        /// any other fault it is over.
        /// </returns>
        /// <exception cref="ArgumentException">The turn is not valid; thrown at once.</exception>
        public Task<TurnFault> SendAsync(string turn)
        {
            var taken = new TaskCompletionSource<TurnFault>();
            Put(new OutgoingTurn(turn, onTaken: fault => taken.TrySetResult(fault)), taken);
            return taken.Task;
        }

        /// <summary>
        /// Queues a turn to be sent; completes when there is room for it in the queue, most often at once. The request
        /// that carries it also waits for the partner's next turn, so that alternating play costs one request a turn.
        /// If the server refuses the turn as too long the game is over: see <see cref="Ended"/>.
        /// </summary>
        /// <param name="turn">As in <see cref="SendAsync"/>.</param>
        /// <returns>Null, or why the game is over.</returns>
        /// <exception cref="ArgumentException">The turn is not valid; thrown at once.</exception>
        public Task<TurnFault> PostAsync(string turn)
        {
            var queued = new TaskCompletionSource<TurnFault>();
            Put(new OutgoingTurn(turn, onQueued: fault => queued.TrySetResult(fault)), queued);
            return queued.Task;
        }

        /// <summary>
        /// The partner's next turn, the moment it is made; null when the game is over, and <see cref="Ended"/> says
        /// why. A player that does not read exerts back-pressure: the partner can send no more than the server's and
        /// this client's buffers hold, and once they are full this player cannot send either.
        /// </summary>
        /// <param name="cancel">Cancels waiting; no turn is lost.</param>
        /// <exception cref="InvalidOperationException">An earlier call still waits.</exception>
        public async Task<string> ReceiveAsync(CancellationToken cancel = default)
        {
            cancel.ThrowIfCancellationRequested();
            if (_reader != null)
                throw new InvalidOperationException("An earlier call still waits for a turn.");
            var inbox = _machine.Inbox;
            if (inbox.Unread.Count == 0 && !_isOver)
            {
                _reader = new TaskCompletionSource<bool>();
                inbox.IsReading = true;
                try
                {
                    Wake();
                    await Cancellation.WaitAsync(_reader.Task, cancel);
                }
                finally
                {
                    _reader = null;
                    inbox.IsReading = false;
                }
            }

            if (inbox.Unread.Count == 0)
                return null;
            var hadRoom = inbox.HasRoom;
            var turn = inbox.Take();
            if (!hadRoom && inbox.HasRoom)
                Wake();
            return turn;
        }

        /// <summary>
        /// What is needed to come back to this game with <see cref="ResumeAsync"/>: server, key, seat, counts, turns
        /// that the server has not taken, and turns that were not read, as one line of text. Store it together with the
        /// state of your game, and then call <see cref="Saved"/>. Whoever has it can play this seat.
        /// </summary>
        /// <remarks>
        /// A turn counts as read once <see cref="ReceiveAsync"/> has returned it. Save again after a turn was refused
        /// as too long, before the next is sent.
        /// </remarks>
        /// <param name="next">
        /// The turn that you will send next, once this is stored: it is sent once, now or by the resumed game. Null:
        /// none.
        /// </param>
        /// <exception cref="ArgumentException">The turn is not valid.</exception>
        public string Save(string next = null)
        {
            var (outbox, inbox) = (_machine.Outbox, _machine.Inbox);
            var unsent = outbox.Unsent;
            if (next != null)
            {
                TurnText.CheckTurn(next);
                unsent.Add(next);
            }

            return _start.With(_machine.Counter, outbox.Taken, outbox.Last, unsent, inbox.Received,
                inbox.Unread.ToList()).Write();
        }

        /// <summary>The app has stored this text: see <see cref="TurnOptions.SavesEachTurn"/>.</summary>
        /// <param name="saved">What <see cref="Save"/> returned.</param>
        /// <exception cref="FormatException">The text is not a saved game.</exception>
        public void Saved(string saved)
        {
            _machine.NoteSaved(SavedGame.Read(saved).Received);
            Wake();
        }

        /// <summary>
        /// Leaves the game after the server has taken all queued turns; at once and without them if the game is
        /// disposed.
        /// </summary>
        /// <param name="cancel">Cancels waiting; the game may still be left.</param>
        /// <returns>Null, or why the game had ended before.</returns>
        public async Task<TurnFault> QuitAsync(CancellationToken cancel = default)
        {
            _machine.Outbox.IsLast = true;
            Wake();
            await Cancellation.WaitAsync(_finished.Task, cancel);
            // The loop has tried for long enough.
            if (Ended?.Kind == TurnFaultKind.Unreachable || Ended?.Kind == TurnFaultKind.NotTurnServer)
                return Ended;
            var left = await _sender.SendAsync(new OutgoingRequest($"5,*,{_start.Key},{_start.Seat},*"), cancel);
            // An earlier attempt whose reply was lost may have ended it, or the partner left first.
            return Ended ?? (left.Fault?.Kind == TurnFaultKind.SeatGone ? null : left.Fault);
        }

        /// <summary>
        /// Stops at once. Without <see cref="QuitAsync"/>, the server drops this player later, unless the game is
        /// saved and resumed.
        /// </summary>
        public void Dispose()
        {
            _sending?.Dispose();
            _sending = null;
            Finish();
        }

        private TimeSpan Now => _sender.Transport.Now - _startedAt;

        private void Put(OutgoingTurn turn, TaskCompletionSource<TurnFault> result)
        {
            TurnText.CheckTurn(turn.Text);
            if (_isOver || Ended != null || _machine.Outbox.IsLast)
            {
                result.SetResult(Ended ?? TurnFault.Of(TurnFault.PlayerLeft));
                return;
            }

            _machine.Outbox.Put(turn);
            Settle();
            Wake();
        }

        // Something has changed that the pause, or a held reply, may have to end for.
        private void Wake()
        {
            if (_isStepping || _isOver)
                return;
            if (_sending != null && _isHeld && _machine.ShouldAbandon)
            {
                _sending.Abandon();
                _sending = null;
                _machine.Abandon(Now);
            }

            if (_sending == null)
                Step();
        }

        private void Complete(RequestOutcome outcome)
        {
            _sending = null;
            _isStepping = true;
            if (outcome.Reply.PartnerSilent is long seconds && seconds >= 0)
                PartnerSilent = TimeSpan.FromSeconds(seconds);
            _machine.Complete(outcome, Now);
            if (_machine.IsResumed || _machine.Ended != null)
                _resumed.TrySetResult(true);
            Settle();
            if (_machine.Inbox.Unread.Count > 0)
                _reader?.TrySetResult(true);
            _isStepping = false;
            // After the game has answered what it was told.
            Step();
        }

        // What the machine wants next.
        private void Step()
        {
            _pause?.Dispose();
            _pause = null;
            if (_isOver)
                return;
            var step = _machine.Next(Now);
            if (step.Request != null)
            {
                _isHeld = step.Request.Wait > TimeSpan.Zero;
                _sending = _sender.Send(step.Request, Complete);
            }
            else if (step.Pause is TimeSpan pause)
            {
                _pause = _sender.Transport.CallAfter(pause, Step);
            }
            else
            {
                Finish();
            }

            // There may be room for more turns.
            Settle();
        }

        private void Finish()
        {
            if (_isOver)
                return;
            _isOver = true;
            _pause?.Dispose();
            _machine.Outbox.Drop(Ended ?? TurnFault.Of(TurnFault.PlayerLeft));
            Settle();
            _resumed.TrySetResult(true);
            _reader?.TrySetResult(true);
            _finished.TrySetResult(true);
        }

        private void Settle()
        {
            foreach (var call in _machine.Outbox.TakeSettled())
                call();
        }
    }
}
