using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace TurnServer.Tests.Support;

/// <summary>Reads complete requests or replies from a connection. A request that is no POST has no body.</summary>
internal sealed class HttpMessageReader(Socket socket)
{
    private byte[] _buffer = new byte[4096];
    private int _end;

    /// <summary>The next message; null when the connection is closed between two messages.</summary>
    /// <exception cref="IOException">The connection is closed within a message.</exception>
    public async Task<HttpMessage?> ReadAsync(CancellationToken cancel)
    {
        int headLength;
        while ((headLength = _buffer.AsSpan(0, _end).IndexOf("\r\n\r\n"u8) + 2) < 2)
        {
            if (!await FillAsync(cancel))
                return _end == 0 ? null : throw new IOException("Connection closed within a message's head.");
        }

        var head = Encoding.Latin1.GetString(_buffer, 0, headLength);
        var bodyStart = headLength + 2;
        var end = bodyStart + ContentLength(head);
        while (_end < end)
        {
            if (!await FillAsync(cancel))
                throw new IOException("Connection closed within a message's body.");
        }

        var body = _buffer[bodyStart..end];
        _buffer.AsSpan(end, _end - end).CopyTo(_buffer);
        _end -= end;
        return new HttpMessage(head, body);
    }

    private static int ContentLength(string head)
    {
        const string Name = "\r\nContent-Length:";
        var start = head.IndexOf(Name, StringComparison.OrdinalIgnoreCase);
        // A browser's preflight request and the request for a WebSocket have no body.
        if (start < 0 && (head.StartsWith("OPTIONS ", StringComparison.Ordinal)
            || head.StartsWith("GET ", StringComparison.Ordinal)))
        {
            return 0;
        }

        if (start < 0)
            throw new InvalidOperationException($"No Content-Length: {head}");
        start += Name.Length;
        var digits = head[start..head.IndexOf('\r', start)];
        return int.Parse(digits, NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture);
    }

    private async Task<bool> FillAsync(CancellationToken cancel)
    {
        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        var count = await socket.ReceiveAsync(_buffer.AsMemory(_end), cancel);
        _end += count;
        return count > 0;
    }
}

/// <summary>An HTTP request or reply.</summary>
/// <param name="Head">First line and headers, each with its line break.</param>
/// <param name="Body">What follows the empty line.</param>
internal sealed record HttpMessage(string Head, byte[] Body)
{
    public byte[] Bytes => [.. Encoding.Latin1.GetBytes(Head), .. "\r\n"u8, .. Body];

    public bool Has(string header) => Head.Contains($"\r\n{header}:", StringComparison.OrdinalIgnoreCase);

    /// <summary>The value of a header; null if there is none.</summary>
    public string? ValueOf(string header) => Head.Split("\r\n")
        .FirstOrDefault(line => line.StartsWith(header + ":", StringComparison.OrdinalIgnoreCase))?
        .Split(':', 2)[1].Trim();

    /// <summary>A copy without this header.</summary>
    public HttpMessage Without(string header) => this with
    {
        Head = string.Concat(Head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.StartsWith(header + ":", StringComparison.OrdinalIgnoreCase))
            .Select(line => line + "\r\n")),
    };
}
