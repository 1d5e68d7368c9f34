using System;
using System.Globalization;

namespace TurnServer.Client
{
    /// <summary>The result of sending a request once.</summary>
    internal readonly struct Attempt
    {
        // The longest reply is a full block.
        private const int ReplyBytesMax = ReceivedBlock.BytesMax + 64;
        private const int RateLimited = 22;
        private const int ServerBusy = 23;

        // The codes of successful replies, by the request's symbol. The old server replied 10 to 1 and 5.
        private static readonly int[][] Answers =
        {
            new[] { 0 }, new[] { 1, 10 }, new[] { 2, 3, 4 }, new[] { 5, 6 }, new[] { 7, 8 }, new[] { 1, 10 },
            new[] { 9, 10, 11 },
        };

        // The server asks for a second; do not wait for hours because a proxy says so.
        private static readonly TimeSpan RetryAfterMax = TimeSpan.FromSeconds(5);

        private Attempt(ServerReply reply, TurnFault fault, bool isFinal, TimeSpan retryAfter = default)
        {
            Outcome = new RequestOutcome(reply, fault);
            IsFinal = isFinal;
            RetryAfter = retryAfter;
        }

        public RequestOutcome Outcome { get; }

        /// <summary>Whether not to repeat the request.</summary>
        public bool IsFinal { get; }

        /// <summary>For how long the server asks not to repeat it.</summary>
        public TimeSpan RetryAfter { get; }

        public static Attempt Lost(string why) =>
            new Attempt(null, new TurnFault(TurnFaultKind.Unreachable, $"the server cannot be reached: {why}"), false);

        /// <summary>What an answer means for a request with this symbol.</summary>
        public static Attempt Judge(int symbol, TurnAnswer answer)
        {
            if (answer.Loss != null)
                return Lost(answer.Loss);
            if (answer.Body.Length > ReplyBytesMax)
                return NotTurnServer("its answer is longer than any turn server's");
            var reply = ServerReply.Parse(TurnText.Decode(answer.Body));
            if (reply == null)
                return JudgeOther(answer);
            reply.IsHeld = answer.Header("Preference-Applied") != null;
            reply.TurnCounter = Number(answer, "Turn-Counter");
            reply.SetTotals(Number(answer, "Turns-Taken"), Number(answer, "Turns-Acknowledged"));
            reply.PartnerSilent = Number(answer, "Partner-Silent");
            if (reply.Error == RateLimited || reply.Error == ServerBusy)
                return new Attempt(reply, TurnFault.Of(reply.Error, reply.Detail), false, RetryAfterOf(answer));
            if (reply.Error == 0 && Array.IndexOf(Answers[symbol], reply.Code) < 0)
                return NotTurnServer($"it answers symbol {symbol} with code {reply.Code}");
            return Answered(reply);
        }

        // An answer that is no reply of the protocol.
        private static Attempt JudgeOther(TurnAnswer answer)
        {
            var status = answer.Status;
            // UnityWebRequest takes an answer whose headers are cut short for complete.
            if (status == 200 && answer.Body.Length == 0)
                return Lost("the answer was empty");
            // From a proxy whose server is down for a moment, or that limits this address's rate.
            if ((status >= 500 && status != 501) || status == 408 || status == 429)
                return Lost($"the answer was {status}");
            // From a proxy whose limit is lower than the server's.
            if (status == 413)
                return Answered(ServerReply.Parse("20/*/*"));
            var location = answer.Header("Location");
            if (status >= 300 && status < 400)
                return NotTurnServer(location == null ? "it redirects" : $"it redirects to {location}");
            return NotTurnServer($"it answers {status}, but not like a turn server");
        }

        private static Attempt Answered(ServerReply reply) =>
            new Attempt(reply, reply.Error == 0 ? null : TurnFault.Of(reply.Error, reply.Detail), true);

        private static Attempt NotTurnServer(string why) => new Attempt(null,
            new TurnFault(TurnFaultKind.NotTurnServer, $"this is not a turn server: {why}"), true);

        private static TimeSpan RetryAfterOf(TurnAnswer answer)
        {
            var seconds = Math.Max(0, Number(answer, "Retry-After") ?? 0);
            return seconds < RetryAfterMax.TotalSeconds ? TimeSpan.FromSeconds(seconds) : RetryAfterMax;
        }

        // Null if there is no such header, or something on the way has made it unreadable.
        private static long? Number(TurnAnswer answer, string name) =>
            long.TryParse(answer.Header(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
                out var number) ? number : (long?)null;
    }
}
