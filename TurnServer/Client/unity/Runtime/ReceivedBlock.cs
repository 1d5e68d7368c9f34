using System;

namespace TurnServer.Client
{
    /// <summary>
    /// The part of the current block that has been delivered. A block only grows, and the part that is not acknowledged
    /// begins the next one (PROTOCOL.md, "The game" and "Saying what has arrived"): whatever follows the delivered part
    /// is new.
    /// </summary>
    internal sealed class ReceivedBlock
    {
        /// <summary>The server keeps at most this many bytes of turns for a seat.</summary>
        public const int BytesMax = 131_072;

        // With more than this in the block, the partner's longest update may be refused.
        private const int NearlyFullBytes = BytesMax - SeatMachine.BodyBytesMax;

        // How many of the partner's turns come before the block.
        private long _acknowledged;

        // How many turns at its beginning were delivered before the game was resumed.
        private long _known;

        /// <summary>The turns, joined by <c>|</c>.</summary>
        public string Text { get; private set; } = "";

        /// <summary>How many turns were acknowledged before a resumed game had them.</summary>
        public long Missed { get; private set; }

        /// <summary>Whether the partner may be unable to send until this block is acknowledged.</summary>
        public bool IsNearlyFull => TurnText.BytesOf(Text) > NearlyFullBytes;

        /// <summary>Resumes a saved game.</summary>
        /// <param name="acknowledged">How many turns have been acknowledged, as the server says.</param>
        /// <param name="received">How many turns had arrived when the game was saved.</param>
        public void Resume(long acknowledged, long received)
        {
            Text = "";
            _acknowledged = acknowledged;
            _known = Math.Max(0, received - acknowledged);
            Missed += Math.Max(0, acknowledged - received);
        }

        /// <summary>Its beginning that consists of the partner's first turns, counted since the game began.</summary>
        public string UpTo(long turns) => First(Text, turns - _acknowledged);

        /// <summary>The server has taken an update that acknowledges this beginning: the rest begins the next block.
        /// </summary>
        public void Acknowledge(string beginning)
        {
            if (beginning.Length == 0)
                return;
            var turns = beginning.Split('|').Length;
            _acknowledged += turns;
            _known = Math.Max(0, _known - turns);
            Text = beginning.Length >= Text.Length ? "" : Text.Substring(beginning.Length + 1);
        }

        /// <summary>Takes a reply's turns; returns the new ones, joined by <c>|</c>, or null if there are none.
        /// </summary>
        public string Grow(string data)
        {
            if (data.Length <= Text.Length)
                return null;
            var old = Math.Max(Text.Length, First(data, _known).Length);
            Text = data;
            if (old == data.Length)
                return null;
            return old == 0 ? data : data.Substring(old + 1);
        }

        // The first turns, or all if there are fewer, without the separator behind them.
        private static string First(string turns, long count)
        {
            var end = -1;
            for (; count > 0; count--)
            {
                end = turns.IndexOf('|', end + 1);
                if (end < 0)
                    return turns;
            }

            return end < 0 ? "" : turns.Substring(0, end);
        }
    }
}
