// UnityWebRequest over HttpWebRequest. Where they differ it does as Unity's does, with curl: errors, redirects, and
// what may be called when.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Threading;

namespace UnityEngine.Networking
{
    public class UploadHandler : IDisposable
    {
        public string contentType { get; set; } = "application/octet-stream";

        internal byte[] Bytes { get; set; }

        public void Dispose()
        {
        }
    }

    public sealed class UploadHandlerRaw : UploadHandler
    {
        public UploadHandlerRaw(byte[] data) => Bytes = data;
    }

    public class DownloadHandler : IDisposable
    {
        private byte[] _bytes;
        private bool _isDisposed;

        public byte[] data
        {
            get => _isDisposed ? throw new ObjectDisposedException(nameof(DownloadHandler)) : _bytes;
            internal set => _bytes = value.Length == 0 ? null : value;
        }

        public void Dispose() => _isDisposed = true;
    }

    public sealed class DownloadHandlerBuffer : DownloadHandler
    {
    }

    public sealed class UnityWebRequestAsyncOperation : AsyncOperation
    {
    }

    public sealed class UnityWebRequest : IDisposable
    {
        public const string kHttpVerbPOST = "POST";

        private const int ConnectionsMax = 100;

        private readonly string _url;
        private readonly string _method;
        private readonly Dictionary<string, string> _headers = new Dictionary<string, string>();
        private readonly UnityWebRequestAsyncOperation _operation = new UnityWebRequestAsyncOperation();
        private Dictionary<string, string> _responseHeaders;
        private HttpWebRequest _http;
        private volatile bool _isAborted;
        private bool _isDisposed;

        // Each request takes a thread of the pool, and HttpWebRequest needs some itself.
        static UnityWebRequest() => ThreadPool.SetMinThreads(ConnectionsMax, ConnectionsMax);

        public UnityWebRequest(string url, string method, DownloadHandler downloadHandler, UploadHandler uploadHandler)
        {
            _url = url;
            _method = method;
            this.downloadHandler = downloadHandler;
            this.uploadHandler = uploadHandler;
        }

        public enum Result
        {
            InProgress,
            Success,
            ConnectionError,
            ProtocolError,
            DataProcessingError,
        }

        public DownloadHandler downloadHandler { get; }

        public UploadHandler uploadHandler { get; }

        public int redirectLimit { get; set; } = 32;

        public bool useHttpContinue { get; set; } = true;

        public Result result { get; private set; }

        public long responseCode { get; private set; }

        public string error { get; private set; }

        public void SetRequestHeader(string name, string value)
        {
            if (_http != null)
                throw new InvalidOperationException("The request has already been sent.");
            _headers.Add(name, value);
        }

        public Dictionary<string, string> GetResponseHeaders()
        {
            Check();
            return _responseHeaders;
        }

        public UnityWebRequestAsyncOperation SendWebRequest()
        {
            Check();
            _http = (HttpWebRequest)WebRequest.Create(_url);
            _http.Method = _method;
            _http.ContentType = uploadHandler.contentType;
            _http.AllowAutoRedirect = redirectLimit > 0;
            _http.ServicePoint.Expect100Continue = useHttpContinue;
            _http.ServicePoint.ConnectionLimit = ConnectionsMax;
            _http.Timeout = Timeout.Infinite;
            _http.ReadWriteTimeout = Timeout.Infinite;
            _http.Proxy = null;
            foreach (var header in _headers)
                _http.Headers[header.Key] = header.Value;
            ThreadPool.QueueUserWorkItem(_ =>
            {
                var complete = Fetch();
                PlayerLoop.Post(() =>
                {
                    complete();
                    if (_isAborted)
                        Fail("Request aborted");
                    _operation.Complete();
                });
            });
            return _operation;
        }

        public void Abort()
        {
            Check();
            _isAborted = true;
            _http?.Abort();
        }

        public void Dispose()
        {
            if (_isDisposed)
                return;
            if (!_operation.isDone)
                Abort();
            _isDisposed = true;
            downloadHandler.Dispose();
            uploadHandler.Dispose();
        }

        private void Check()
        {
            if (_isDisposed)
                throw new ObjectDisposedException(nameof(UnityWebRequest));
        }

        // Blocks; returns what is to be done on the main thread.
        private Action Fetch()
        {
            try
            {
                var bytes = uploadHandler.Bytes;
                _http.ContentLength = bytes.Length;
                using (var stream = _http.GetRequestStream())
                    stream.Write(bytes, 0, bytes.Length);
                using (var response = GetResponse())
                using (var content = new MemoryStream())
                {
                    response.GetResponseStream().CopyTo(content);
                    var headers = response.Headers.AllKeys.ToDictionary(key => key, key => response.Headers[key],
                        StringComparer.OrdinalIgnoreCase);
                    var status = (int)response.StatusCode;
                    if (response.ContentLength > content.Length)
                        return () => Fail("Curl error 18: transfer closed with outstanding read data remaining");
                    return () => Succeed(status, headers, content.ToArray());
                }
            }
            catch (Exception e) when (e is WebException || e is IOException || e is ObjectDisposedException
                || e is InvalidOperationException)
            {
                return () => Fail(e.Message);
            }
        }

        private HttpWebResponse GetResponse()
        {
            try
            {
                return (HttpWebResponse)_http.GetResponse();
            }
            catch (WebException e) when (e.Response is HttpWebResponse response)
            {
                return response;
            }
        }

        private void Succeed(int status, Dictionary<string, string> headers, byte[] body)
        {
            responseCode = status;
            _responseHeaders = headers;
            if (!_isDisposed)
                downloadHandler.data = body;
            if (status >= 300 && status < 400)
                Fail("Redirect limit exceeded");
            else
                result = status < 400 ? Result.Success : Result.ProtocolError;
        }

        private void Fail(string why)
        {
            result = Result.ConnectionError;
            error = why;
        }
    }
}
