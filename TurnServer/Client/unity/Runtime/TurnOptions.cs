using System;

namespace TurnServer.Client
{
    /// <summary>
    /// Timeouts and intervals of a client. The defaults suit a phone. Set them before they are passed to a client.
    /// </summary>
    public sealed class TurnOptions
    {
        /// <summary>
        /// How long the server may hold a reply that has no news; a fraction of a second is dropped. Zero: replies are
        /// not held, and the client polls every <see cref="PollInterval"/>. Keep the sum of this and <see
        /// cref="ReplyTimeout"/> below the server's timeouts (25 s and 30 s), so that one lost request does not drop
        /// the player.
        /// </summary>
        public TimeSpan Wait { get; set; } = TimeSpan.FromSeconds(15);

        /// <summary>How often to poll when the server does not hold replies, as an old one does not.</summary>
        public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

        /// <summary>
        /// How long a seat sends nothing while it neither waits for turns nor has any to send. Keep it far below the
        /// server's <c>--game-timeout</c>, so that a few lost requests do not end the game.
        /// </summary>
        public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(5);

        /// <summary>
        /// How long to wait for a reply before the request counts as lost, in addition to the time it may be held.
        /// </summary>
        public TimeSpan ReplyTimeout { get; set; } = TimeSpan.FromSeconds(5);

        /// <summary>
        /// How long to repeat a lost request before <see cref="TurnFaultKind.Unreachable"/>, counted from when the
        /// first attempt was given up. As long as the server's default timeouts: raise both together.
        /// </summary>
        public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(30);

        /// <summary>
        /// The pause before the second repetition; each further pause is twice as long. The first repetition is
        /// immediate: most often an idle connection was closed.
        /// </summary>
        public TimeSpan FirstPause { get; set; } = TimeSpan.FromMilliseconds(50);

        /// <summary>The longest pause between repetitions.</summary>
        public TimeSpan LongestPause { get; set; } = TimeSpan.FromSeconds(2);

        /// <summary>
        /// Whether the app stores <see cref="TurnGame.Save"/> after each turn that it has read, and then calls <see
        /// cref="TurnGame.Saved"/>. Then nothing is sent before the first save, and turns that no saved game has are
        /// not acknowledged, so that an app which is killed at any moment misses none. If not, turns that came after
        /// the last save are missed: see <see cref="TurnGame.Missed"/>.
        /// </summary>
        public bool SavesEachTurn { get; set; }
    }
}
