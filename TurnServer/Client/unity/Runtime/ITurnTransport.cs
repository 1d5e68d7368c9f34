using System;
using System.Collections.Generic;

namespace TurnServer.Client
{
    /// <summary>
    /// What the client needs from outside: HTTP and a clock. Everything happens on one thread, that of the game, and no
    /// callback comes before the call that asks for it has returned.
    /// </summary>
    public interface ITurnTransport
    {
        /// <summary>The time since some fixed moment. It never goes back.</summary>
        TimeSpan Now { get; }

        /// <summary>Calls back once, after this time or a little later.</summary>
        /// <param name="delay">Zero or more.</param>
        /// <param name="call">What to call.</param>
        /// <returns>Disposing it cancels the call.</returns>
        IDisposable CallAfter(TimeSpan delay, Action call);

        /// <summary>
        /// Sends one POST, follows no redirects, and calls back once with the answer. There is no time limit but
        /// disposal. Throws only if the request could never be sent, as when the project's settings forbid http://.
        /// </summary>
        /// <param name="url">The server's URL, http:// or https://.</param>
        /// <param name="body">The body, to be sent as text/plain.</param>
        /// <param name="headers">Further headers.</param>
        /// <param name="done">Gets the answer, whatever its status, or why there is none.</param>
        /// <returns>Disposing it aborts the request; then the callback does not come.</returns>
        IDisposable Post(string url, byte[] body, IReadOnlyList<KeyValuePair<string, string>> headers,
            Action<TurnAnswer> done);
    }

    /// <summary>The answer to a POST, or why there is none.</summary>
    public sealed class TurnAnswer
    {
        private readonly Dictionary<string, string> _headers = new Dictionary<string, string>(
            StringComparer.OrdinalIgnoreCase);

        /// <summary>A whole answer.</summary>
        /// <param name="status">The HTTP status.</param>
        /// <param name="body">The body; null stands for an empty one.</param>
        /// <param name="headers">The headers; null stands for none.</param>
        public TurnAnswer(int status, byte[] body, IEnumerable<KeyValuePair<string, string>> headers)
        {
            Status = status;
            Body = body ?? Array.Empty<byte>();
            if (headers == null)
                return;
            foreach (var header in headers)
                _headers[header.Key] = header.Value;
        }

        private TurnAnswer(string loss)
        {
            Loss = loss;
            Body = Array.Empty<byte>();
        }

        /// <summary>The HTTP status; 0 if there is no answer.</summary>
        public int Status { get; }

        /// <summary>The body, never null.</summary>
        public byte[] Body { get; }

        /// <summary>Why there is no answer, or only a part of one; null: there is one.</summary>
        public string Loss { get; }

        /// <summary>There is no answer, or it was cut short.</summary>
        /// <param name="why">The reason, for users.</param>
        public static TurnAnswer Lost(string why) => new TurnAnswer(string.IsNullOrEmpty(why) ? "no answer" : why);

        /// <summary>The value of a header; null if there is none. Names match in any case.</summary>
        public string Header(string name) => _headers.TryGetValue(name, out var value) ? value : null;
    }
}
