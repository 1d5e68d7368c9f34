using System;
using System.Collections.Generic;
using System.Linq;

namespace TurnServer.Client
{
    /// <summary>A turn to be sent.</summary>
    internal sealed class OutgoingTurn
    {
        public OutgoingTurn(string text, Action<TurnFault> onTaken = null, Action<TurnFault> onQueued = null)
        {
            Text = text;
            OnTaken = onTaken;
            OnQueued = onQueued;
        }

        public string Text { get; }

        /// <summary>
        /// Called with null once the server has taken the turn, else with the fault. Null: nobody waits for that, and
        /// the game is over if the server refuses the turn.
        /// </summary>
        public Action<TurnFault> OnTaken { get; }

        /// <summary>Called once there is room for the turn, or with the fault if the game ends before.</summary>
        public Action<TurnFault> OnQueued { get; set; }
    }

    /// <summary>
    /// The turns that the server has not taken: those of the batch under way, and those that wait to be sent.
    /// </summary>
    internal sealed class Outbox
    {
        // With turns of full length this is a megabyte, enough to keep the connection busy.
        private const int QueuedTurnsMax = 64;

        private readonly List<OutgoingTurn> _waiting;
        private List<OutgoingTurn> _batch = new List<OutgoingTurn>();
        private List<Action> _settled = new List<Action>();

        public Outbox(SavedGame start)
        {
            Taken = start.Taken;
            Last = start.Last;
            _waiting = Turns(start.Unsent);
        }

        /// <summary>How many turns the server has taken.</summary>
        public long Taken { get; private set; }

        /// <summary>The last of those that were taken with one update, in case the server has lost them.</summary>
        public IReadOnlyList<string> Last { get; private set; }

        /// <summary>The turns of the update under way.</summary>
        public IReadOnlyList<OutgoingTurn> Batch => _batch;

        /// <summary>Whether no more turns will be added.</summary>
        public bool IsLast { get; set; }

        /// <summary>Whether a turn waits to be sent.</summary>
        public bool HasTurns => _waiting.Count > 0;

        /// <summary>Whether no turn waits and no more will be added.</summary>
        public bool IsFinished => IsLast && !HasTurns;

        /// <summary>The turns that the server has not taken, as a saved game keeps them.</summary>
        public List<string> Unsent => Texts(_batch.Concat(_waiting));

        public void Put(OutgoingTurn turn)
        {
            _waiting.Add(turn);
            Admit();
        }

        /// <summary>Moves the next turn, and as many more as fit into this many bytes, to the batch.</summary>
        public void TakeBatch(int bytesMax)
        {
            var (count, bytes) = (0, 0);
            for (; count < _waiting.Count; count++)
            {
                var length = TurnText.BytesOf(_waiting[count].Text);
                if (count > 0 && bytes + length > bytesMax)
                    break;
                bytes += length + 1;
            }

            MoveToBatch(count);
        }

        /// <summary>Puts the batch back, ahead of all other turns.</summary>
        public void ReturnBatch()
        {
            _waiting.InsertRange(0, _batch);
            _batch = new List<OutgoingTurn>();
        }

        /// <summary>
        /// The server has taken the whole batch, or refused it with this fault. If the game is over, its turns stay for
        /// a saved game: who could not reach the server may come back.
        /// </summary>
        public void CompleteBatch(TurnFault fault)
        {
            var done = _batch;
            _batch = new List<OutgoingTurn>();
            if (fault == null && done.Count > 0)
            {
                Taken += done.Count;
                Last = Texts(done);
            }

            if (fault != null && !fault.IsTurnTooLong)
                _waiting.InsertRange(0, Turns(Texts(done)));
            foreach (var turn in done)
                Settle(turn.OnTaken, fault);
        }

        /// <summary>
        /// The server says how many turns it has taken since the game began. False: it has lost more than are known
        /// here.
        /// </summary>
        public bool TrySetTaken(long taken)
        {
            ReturnBatch();
            var lost = Taken - taken;
            if (lost > Last.Count)
                return false;
            if (lost > 0)
            {
                _waiting.InsertRange(0, Turns(Last.Skip(Last.Count - (int)lost)));
                Last = Array.Empty<string>();
            }

            MoveToBatch((int)Math.Min(Math.Max(0, -lost), _waiting.Count));
            CompleteBatch(null);
            // More may have been taken than were saved.
            Taken = taken;
            return true;
        }

        /// <summary>The game is over: tells those who wait. Their turns stay for a saved game.</summary>
        public void Drop(TurnFault fault)
        {
            IsLast = true;
            ReturnBatch();
            var dropped = new List<OutgoingTurn>(_waiting);
            _waiting.Clear();
            _waiting.AddRange(Turns(Texts(dropped)));
            foreach (var turn in dropped)
            {
                Settle(turn.OnQueued, fault);
                Settle(turn.OnTaken, fault);
            }
        }

        /// <summary>
        /// The calls that are due. They run the game's code, which may use this outbox, so that they come last in a
        /// step.
        /// </summary>
        public IReadOnlyList<Action> TakeSettled()
        {
            var settled = _settled;
            _settled = new List<Action>();
            return settled;
        }

        private static List<string> Texts(IEnumerable<OutgoingTurn> turns) => turns.Select(turn => turn.Text).ToList();

        private static List<OutgoingTurn> Turns(IEnumerable<string> texts) =>
            texts.Select(text => new OutgoingTurn(text)).ToList();

        private void MoveToBatch(int count)
        {
            _batch.AddRange(_waiting.Take(count));
            _waiting.RemoveRange(0, count);
            Admit();
        }

        // There is room for the batch and the first turns behind it.
        private void Admit()
        {
            foreach (var turn in _batch.Concat(_waiting.Take(QueuedTurnsMax)))
            {
                Settle(turn.OnQueued, null);
                turn.OnQueued = null;
            }
        }

        private void Settle(Action<TurnFault> call, TurnFault fault)
        {
            if (call != null)
                _settled.Add(() => call(fault));
        }
    }
}
