using System.Diagnostics;
using System.Net;
using System.Text;

namespace TurnServer.Bench.Client;

/// <summary>One keep-alive connection of <see cref="PooledHandler"/>, with one request at a time.</summary>
internal sealed class PooledConnection(Stream stream) : IDisposable
{
    private const int HeadBytesMax = 16_384;

    // The two headers that this protocol knows are far shorter.
    private const int HeadersBytesMax = 512;

    // The request line behind the method, and Host: the same for each request to one URL.
    private Uri? _url;
    private byte[] _start = [];

    private byte[] _buffer = new byte[1024];

    /// <summary>When the last reply was complete, in Stopwatch ticks.</summary>
    public long UsedAt { get; private set; } = Stopwatch.GetTimestamp();

    /// <summary>Sends a request and reads its reply.</summary>
    /// <returns>The reply, and whether the connection can be used again.</returns>
    /// <exception cref="HttpRequestException">The reply is not supported or incomplete.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public async ValueTask<(HttpResponseMessage Response, bool IsReusable)> ExchangeAsync(HttpRequestMessage request,
        CancellationToken cancel)
    {
        await stream.WriteAsync(Compose(request), cancel);
        var length = 0;
        ReplyHead head;
        while (!ReplyHead.TryParse(_buffer.AsSpan(0, length), out head))
        {
            if (length > HeadBytesMax)
                throw new HttpRequestException("the reply's head has no end");
            length += await ReadAsync(length, cancel);
        }

        var end = head.Length + head.BodyLength;
        while (length < end)
            length += await ReadAsync(length, cancel);
        UsedAt = Stopwatch.GetTimestamp();
        // Bytes beyond the reply belong to no request: the connection is out of step.
        return (ToResponse(head), !head.IsLast && length == end);
    }

    public void Dispose() => stream.Dispose();

    private async ValueTask<int> ReadAsync(int at, CancellationToken cancel)
    {
        if (at == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        var count = await stream.ReadAsync(_buffer.AsMemory(at), cancel);
        return count > 0 ? count : throw new HttpRequestException("the server closed the connection");
    }

    private ReadOnlyMemory<byte> Compose(HttpRequestMessage request)
    {
        if (_url != request.RequestUri)
        {
            _url = request.RequestUri!;
            _start = Encoding.ASCII.GetBytes($" {_url.PathAndQuery} HTTP/1.1\r\nHost: {_url.Authority}\r\n");
        }

        // The content is in memory, so this does not copy.
        using var body = request.Content?.ReadAsStream();
        var bodyLength = (int)(body?.Length ?? 0);
        if (_buffer.Length < _start.Length + HeadersBytesMax + bodyLength)
            _buffer = new byte[_start.Length + HeadersBytesMax + bodyLength];
        var at = Put(0, request.Method.Method);
        _start.CopyTo(_buffer, at);
        at += _start.Length;
        foreach (var (name, values) in request.Headers.NonValidated)
            at = Put(at, $"{name}: {values}\r\n");
        at = Put(at, $"Content-Length: {bodyLength}\r\n\r\n");
        body?.ReadExactly(_buffer, at, bodyLength);
        return _buffer.AsMemory(0, at + bodyLength);
    }

    private int Put(int at, string text) => at + Encoding.ASCII.GetBytes(text, _buffer.AsSpan(at));

    private HttpResponseMessage ToResponse(in ReplyHead head)
    {
        var body = _buffer.AsSpan(head.Length, head.BodyLength).ToArray();
        var response = new HttpResponseMessage((HttpStatusCode)head.Status) { Content = new ByteArrayContent(body) };
        if (head.WasHeld)
            response.Headers.TryAddWithoutValidation("Preference-Applied", "wait");
        foreach (var (name, value) in head.Counts ?? [])
            response.Headers.TryAddWithoutValidation(name, value);
        if (head.RetryAfter is { } seconds)
            response.Headers.TryAddWithoutValidation("Retry-After", seconds);
        return response;
    }
}
