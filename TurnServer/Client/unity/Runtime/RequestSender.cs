using System;
using System.Collections.Generic;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;

namespace TurnServer.Client
{
    /// <summary>A request, which is repeated until it is answered.</summary>
    internal sealed class OutgoingRequest
    {
        public OutgoingRequest(string body, TimeSpan wait = default, int? receivedBytes = null,
            string acknowledges = "")
        {
            Body = body;
            Wait = wait;
            ReceivedBytes = receivedBytes;
            Acknowledges = acknowledges;
        }

        public string Body { get; }

        /// <summary>How long the server may hold the reply, in whole seconds; zero: not at all.</summary>
        public TimeSpan Wait { get; }

        /// <summary>The header <c>Turn-Received</c>; null: without.</summary>
        public int? ReceivedBytes { get; }

        /// <summary>The beginning of the last block that it acknowledges.</summary>
        public string Acknowledges { get; }

        public OutgoingRequest WithoutWait() => new OutgoingRequest(Body, default, ReceivedBytes, Acknowledges);
    }

    /// <summary>The result of a request.</summary>
    internal readonly struct RequestOutcome
    {
        /// <summary>The assumed outcome of an abandoned held update.</summary>
        public static readonly RequestOutcome Assumed = new RequestOutcome(
            ServerReply.Success(ServerReply.GameNoData), null);

        public RequestOutcome(ServerReply reply, TurnFault fault)
        {
            Reply = reply ?? ServerReply.None;
            Fault = fault;
        }

        /// <summary>The server's reply; <see cref="ServerReply.None"/> if it was lost.</summary>
        public ServerReply Reply { get; }

        /// <summary>Why the request was refused or lost; null: it was not.</summary>
        public TurnFault Fault { get; }
    }

    /// <summary>
    /// Sends a request, and repeats the same bytes until a reply comes or the patience is over. That is safe because
    /// requests are idempotent (PROTOCOL.md, "The game" and "Pairing").
    /// </summary>
    internal sealed class RequestSender
    {
        // The reply of an abandoned request is most often on its way: waiting for it keeps the connection open.
        private static readonly TimeSpan AbandonGrace = TimeSpan.FromSeconds(1);

        private readonly TurnOptions _options;
        private readonly Random _random = new Random();

        public RequestSender(string url, ITurnTransport transport, TurnOptions options)
        {
            Url = url;
            Transport = transport;
            _options = options;
        }

        public string Url { get; }

        public ITurnTransport Transport { get; }

        /// <summary>Sends a request; calls back once, after this method has returned.</summary>
        public Sending Send(OutgoingRequest request, Action<RequestOutcome> done)
        {
            var sending = new Sending(this, request, done);
            sending.Try();
            return sending;
        }

        /// <summary>Sends a request; cancellation ends it at once.</summary>
        public async Task<RequestOutcome> SendAsync(OutgoingRequest request, CancellationToken cancel)
        {
            cancel.ThrowIfCancellationRequested();
            var outcome = new TaskCompletionSource<RequestOutcome>();
            using (Send(request, result => outcome.TrySetResult(result)))
                return await Cancellation.WaitAsync(outcome.Task, cancel);
        }

        /// <summary>A request under way.</summary>
        internal sealed class Sending : IDisposable
        {
            private readonly RequestSender _sender;
            private readonly int _symbol;
            private readonly byte[] _body;
            private readonly List<KeyValuePair<string, string>> _headers = new List<KeyValuePair<string, string>>();
            private readonly TimeSpan _timeout;
            private Action<RequestOutcome> _done;
            private IDisposable _post;
            private IDisposable _timer;
            private TimeSpan _pause;
            private TimeSpan? _failedAt;

            public Sending(RequestSender sender, OutgoingRequest request, Action<RequestOutcome> done)
            {
                _sender = sender;
                _done = done;
                _symbol = request.Body[0] - '0';
                _body = TurnText.Encode(request.Body);
                _timeout = request.Wait + sender._options.ReplyTimeout;
                if (request.Wait > TimeSpan.Zero)
                    Add("Prefer", $"wait={(long)request.Wait.TotalSeconds}");
                if (request.ReceivedBytes is int bytes)
                    Add("Turn-Received", bytes.ToString(CultureInfo.InvariantCulture));
            }

            public void Try()
            {
                _post = _sender.Transport.Post(_sender.Url, _body, _headers, Answer);
                _timer = _sender.Transport.CallAfter(_timeout, TimeOut);
            }

            /// <summary>Ends with the attempt under way, which may take a moment longer; does not call back.</summary>
            public void Abandon()
            {
                _done = null;
                _timer.Dispose();
                if (_post != null)
                    _timer = _sender.Transport.CallAfter(AbandonGrace, Dispose);
            }

            /// <summary>Ends at once and does not call back.</summary>
            public void Dispose()
            {
                _done = null;
                _timer.Dispose();
                _post?.Dispose();
                _post = null;
            }

            private void Add(string name, string value) => _headers.Add(new KeyValuePair<string, string>(name, value));

            private void TimeOut()
            {
                _post.Dispose();
                var seconds = _timeout.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture);
                Finish(Attempt.Lost($"no answer within {seconds} s"));
            }

            private void Answer(TurnAnswer answer)
            {
                _timer.Dispose();
                Finish(Attempt.Judge(_symbol, answer));
            }

            private void Finish(Attempt attempt)
            {
                _post = null;
                if (_done == null)
                    return;
                if (attempt.IsFinal || !Repeat(attempt.RetryAfter))
                    _done(attempt.Outcome);
            }

            // False: the patience is over.
            private bool Repeat(TimeSpan retryAfter)
            {
                var options = _sender._options;
                var now = _sender.Transport.Now;
                // Counted from when it was known to be lost: a held reply is given up late.
                _failedAt ??= now;
                // With jitter, so that after a restart not all clients come back at the same instant.
                var spread = retryAfter + TimeSpan.FromTicks(
                    (long)(_pause.Ticks * (0.5 + (_sender._random.NextDouble() / 2))));
                if (now - _failedAt.Value + spread > options.Patience)
                    return false;
                // The first repetition is immediate: most often an idle connection was closed.
                _pause = _pause == TimeSpan.Zero ? options.FirstPause
                    : TimeSpan.FromTicks(Math.Min(2 * _pause.Ticks, options.LongestPause.Ticks));
                if (spread > TimeSpan.Zero)
                    _timer = _sender.Transport.CallAfter(spread, Try);
                else
                    Try();
                return true;
            }
        }
    }
}
