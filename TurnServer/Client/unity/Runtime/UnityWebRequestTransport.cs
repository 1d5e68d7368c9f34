using System;
using System.Collections.Generic;
using UnityEngine.Networking;

namespace TurnServer.Client
{
    /// <summary>
    /// Sends requests by UnityWebRequest, on all platforms. For the main thread, while the game plays. Time passes with
    /// the frames: a game that is paused or in the background sends nothing unless <c>Application.runInBackground</c>
    /// is set.
    /// </summary>
    public sealed class UnityWebRequestTransport : ITurnTransport
    {
        private const int RedirectMin = 300;
        private const int ErrorMin = 400;

        /// <inheritdoc/>
        public TimeSpan Now => TurnClock.Now;

        /// <inheritdoc/>
        public IDisposable CallAfter(TimeSpan delay, Action call) => TurnClock.Instance.CallAfter(delay, call);

        /// <inheritdoc/>
        public IDisposable Post(string url, byte[] body, IReadOnlyList<KeyValuePair<string, string>> headers,
            Action<TurnAnswer> done)
        {
            var http = new UnityWebRequest(url, UnityWebRequest.kHttpVerbPOST, new DownloadHandlerBuffer(),
                new UploadHandlerRaw(body) { contentType = "text/plain" })
            {
                // A redirected POST becomes a GET.
                redirectLimit = 0,
                useHttpContinue = false,
            };
            try
            {
                foreach (var header in headers)
                    http.SetRequestHeader(header.Key, header.Value);
                return new PostUnderWay(http, done);
            }
            catch (InvalidOperationException)
            {
                // Such as "Insecure connection not allowed".
                http.Dispose();
                throw;
            }
        }

        // With redirectLimit 0 a redirect is an error.
        private static TurnAnswer Read(UnityWebRequest http)
        {
            var status = (int)http.responseCode;
            var isWhole = http.result == UnityWebRequest.Result.Success
                || http.result == UnityWebRequest.Result.ProtocolError
                || (status >= RedirectMin && status < ErrorMin);
            return isWhole && status > 0
                ? new TurnAnswer(status, http.downloadHandler.data, http.GetResponseHeaders())
                : TurnAnswer.Lost(http.error);
        }

        private sealed class PostUnderWay : IDisposable
        {
            private readonly UnityWebRequest _http;
            private readonly TurnClock _clock = TurnClock.Instance;
            private Action<TurnAnswer> _done;

            public PostUnderWay(UnityWebRequest http, Action<TurnAnswer> done)
            {
                _http = http;
                _done = done;
                var operation = http.SendWebRequest();
                // A handler of an operation that is done already would be called at once.
                if (operation.isDone)
                    _clock.CallAfter(TimeSpan.Zero, Complete);
                else
                    operation.completed += _ => Complete();
            }

            public void Dispose()
            {
                if (_done == null)
                    return;
                _done = null;
                // Completes the operation, now or with the next frame.
                _http.Abort();
            }

            private void Complete()
            {
                var done = _done;
                _done = null;
                // Once the game has stopped playing, as in the editor, nothing goes on.
                var answer = done != null && _clock != null ? Read(_http) : null;
                _http.Dispose();
                if (answer != null)
                    done(answer);
            }
        }
    }
}
