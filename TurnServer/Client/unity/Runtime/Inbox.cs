using System.Collections.Generic;

namespace TurnServer.Client
{
    /// <summary>Turns that have arrived and wait to be read.</summary>
    internal sealed class Inbox
    {
        private readonly Queue<string> _unread;
        private long _bytes;

        public Inbox(SavedGame start)
        {
            Received = start.Received;
            _unread = new Queue<string>(start.Unread);
            foreach (var turn in start.Unread)
                _bytes += TurnText.BytesOf(turn) + 1;
        }

        /// <summary>How many turns have arrived since the game began.</summary>
        public long Received { get; private set; }

        /// <summary>Those that have not been read, oldest first.</summary>
        public IReadOnlyCollection<string> Unread => _unread;

        /// <summary>Whether the game has asked for the next turn.</summary>
        public bool IsReading { get; set; }

        /// <summary>Whether it has, and there is none.</summary>
        public bool IsReaderWaiting => IsReading && _unread.Count == 0;

        /// <summary>Whether there is room for another block. The inbox holds at most two.</summary>
        public bool HasRoom => _bytes < ReceivedBlock.BytesMax;

        /// <summary>Adds turns that are joined by <c>|</c>.</summary>
        public void Put(string joined)
        {
            foreach (var turn in joined.Split('|'))
            {
                Received++;
                _unread.Enqueue(turn);
                _bytes += TurnText.BytesOf(turn) + 1;
            }
        }

        /// <summary>
        /// This many have been acknowledged: those that are not known here are lost, and the next one has a later
        /// number.
        /// </summary>
        public void SkipTo(long acknowledged)
        {
            if (Received < acknowledged)
                Received = acknowledged;
        }

        public string Take()
        {
            var turn = _unread.Dequeue();
            _bytes -= TurnText.BytesOf(turn) + 1;
            return turn;
        }
    }
}
