// Unity's .NET Framework profile does without System.Net.Http, and WebGL without sockets.
#if !UNITY_2021_3_OR_NEWER || (NET_STANDARD_2_1 && (!UNITY_WEBGL || UNITY_EDITOR))
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Threading;
using System.Threading.Tasks;

namespace TurnServer.Client
{
    /// <summary>
    /// Sends requests by HttpClient, for tests and for programs that are no game. Calls back on the synchronization
    /// context of the thread that created it. In Unity only with the profile .NET Standard, and not on WebGL.
    /// </summary>
    public sealed class HttpClientTransport : ITurnTransport, IDisposable
    {
        // Any longer answer is none of a turn server's.
        private const int AnswerBytesMax = 1 << 20;

        // That of an abandoned request, and of the next ones.
        private const int ConnectionsMax = 16;

        private readonly SynchronizationContext _context;
        private readonly Stopwatch _clock = Stopwatch.StartNew();
        private readonly HttpClient _http;

        /// <summary>Sends requests by an HttpClient of its own.</summary>
        /// <exception cref="InvalidOperationException">This thread has no synchronization context.</exception>
        public HttpClientTransport()
        {
            _context = SynchronizationContext.Current ?? throw new InvalidOperationException(
                "This thread has no synchronization context to call back on.");
            _http = new HttpClient(new HttpClientHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                MaxConnectionsPerServer = ConnectionsMax,
            })
            {
                // Held replies last; the client ends a request by disposing it.
                Timeout = Timeout.InfiniteTimeSpan,
                MaxResponseContentBufferSize = AnswerBytesMax,
            };
            _http.DefaultRequestHeaders.ExpectContinue = false;
        }

        /// <inheritdoc/>
        public TimeSpan Now => _clock.Elapsed;

        /// <summary>Closes the connections. No client must use it any more.</summary>
        public void Dispose() => _http.Dispose();

        /// <inheritdoc/>
        public IDisposable CallAfter(TimeSpan delay, Action call)
        {
            var callback = new Callback(_context, call);
            _ = DelayAsync(delay, callback);
            return callback;
        }

        /// <inheritdoc/>
        public IDisposable Post(string url, byte[] body, IReadOnlyList<KeyValuePair<string, string>> headers,
            Action<TurnAnswer> done)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
            foreach (var header in headers)
                request.Headers.TryAddWithoutValidation(header.Key, header.Value);
            TurnAnswer answer = null;
            var callback = new Callback(_context, () => done(answer));
            _ = SendAsync();
            return callback;

            async Task SendAsync()
            {
                answer = await FetchAsync(request, callback.Stop).ConfigureAwait(false);
                callback.Post();
            }
        }

        private static async Task DelayAsync(TimeSpan delay, Callback callback)
        {
            try
            {
                await Task.Delay(delay, callback.Stop).ConfigureAwait(false);
                callback.Post();
            }
            catch (OperationCanceledException)
            {
                // Disposed.
            }
        }

        private async Task<TurnAnswer> FetchAsync(HttpRequestMessage request, CancellationToken stop)
        {
            try
            {
                using (request)
                using (var response = await _http.SendAsync(request, stop).ConfigureAwait(false))
                {
                    var body = await response.Content.ReadAsByteArrayAsync().ConfigureAwait(false);
                    // Not every runtime notices.
                    if ((response.Content.Headers.ContentLength ?? body.Length) != body.Length)
                        return TurnAnswer.Lost("the answer was cut short");
                    var headers = response.Headers.Concat(response.Content.Headers).Select(header =>
                        new KeyValuePair<string, string>(header.Key, string.Join(",", header.Value)));
                    return new TurnAnswer((int)response.StatusCode, body, headers);
                }
            }
            catch (Exception e) when (e is HttpRequestException || e is IOException || e is OperationCanceledException
                || e is ObjectDisposedException || e is System.Net.WebException)
            {
                return TurnAnswer.Lost(e.GetBaseException().Message);
            }
        }

        // A call on the context, unless it is disposed before.
        private sealed class Callback : IDisposable
        {
            private readonly SynchronizationContext _context;
            private readonly CancellationTokenSource _stop = new CancellationTokenSource();
            private Action _call;

            public Callback(SynchronizationContext context, Action call)
            {
                _context = context;
                _call = call;
                Stop = _stop.Token;
            }

            public CancellationToken Stop { get; }

            public void Post() => _context.Post(_ =>
            {
                var call = _call;
                _call = null;
                call?.Invoke();
            }, null);

            public void Dispose()
            {
                if (_call == null)
                    return;
                _call = null;
                _stop.Cancel();
            }
        }
    }
}
#endif
