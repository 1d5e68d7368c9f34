using System.Text;

namespace TurnServer.Tests.Fuzz;

/// <summary>Malformed and unusual parts of heads and chunked bodies.</summary>
internal static class HttpParts
{
    public static readonly string[] RequestLines =
    [
        "GET / HTTP/1.1", "HEAD / HTTP/1.1", "OPTIONS * HTTP/1.1", "OPTIONS / HTTP/1.1", "GET /healthz HTTP/1.1",
        "PUT / HTTP/1.1", "DELETE / HTTP/1.1", "TRACE / HTTP/1.1", "CONNECT a:443 HTTP/1.1", "PATCH / HTTP/1.1",
        "post / HTTP/1.1", "POST / HTTP/1.0", "GET / HTTP/1.0", "POST / HTTP/0.9", "POST / HTTP/2.0", "POST / HTTP/3",
        "POST / HTTP/1.2", "POST / HTTP/01.1", "POST / HTTP/1.1 ", "POST / HTTP/99999999999.1", "POST / HTTP/-1.1",
        "POST / http/1.1", "POST /", "POST", "", " ", " POST / HTTP/1.1", "POST  /  HTTP/1.1", "POST\t/\tHTTP/1.1",
        "POST http://test/ HTTP/1.1", "POST http://other:99/x?y HTTP/1.1", "POST //test/ HTTP/1.1", "POST ? HTTP/1.1",
        "POST /%00 HTTP/1.1", "POST /%zz%f HTTP/1.1", "POST /../../x HTTP/1.1", "POST /é HTTP/1.1", "POST * HTTP/1.1",
        "POST http://[::1 HTTP/1.1", "POST http://a:99999/ HTTP/1.1", "POST \\\\x HTTP/1.1", "POST /\0 HTTP/1.1",
        "POST file:///etc/passwd HTTP/1.1", "POST ws://test/ HTTP/1.1", "GET /?a=%u12&a&&=;# HTTP/1.1",
        "P\u0001ST / HTTP/1.1", "POST:/ HTTP/1.1", "(POST) / HTTP/1.1", "GET /metrics HTTP/1.1",
    ];

    public static readonly string[] Headers =
    [
        "Content-Length: 0", "Content-Length: 5", "Content-Length : 5", "Content-Length: +5", "Content-Length: -1",
        "Content-Length: 5, 5", "Content-Length: 5;", "Content-Length:", "Content-Length: 0x5", "Content-Length: 5 5",
        "Content-Length: 9223372036854775807", "Content-Length: 9223372036854775808", "Content-Length: ５",
        "Content-Length: 99999999999999999999", "Content-Length: 16385", "Content-Length: 1048577",
        "Transfer-Encoding: chunked", "Transfer-Encoding: Chunked", "Transfer-Encoding: gzip", "Transfer-Encoding:",
        "Transfer-Encoding: chunked, chunked", "Transfer-Encoding:\tchunked", "Transfer-Encoding : chunked",
        "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: identity", "Transfer-Encoding: chunked\0",
        " Folded: x", "\tFolded", "NoColon", ":", ": x", "X:", "X: \0", "X: é", "\0: x", "X\r: y", "X: a\rb",
        "X: a\nb",
        "Host:", "Host: a, b", "Host: [::1", "Host: a:b:c", "Host: test:99999", "Host: é", "Host: \0", "Host: /",
        "Connection: close", "Connection: Upgrade", "Connection: keep-alive, close", "Connection: \0", "Keep-Alive: x",
        "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
        "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", "Expect: 100-continue", "Expect: 100-Continue, x",
        "Expect: 200-maybe", "Expect:", "Origin: http://a", "Origin: \0", "Origin: null", "Range: bytes=0-",
        "Content-Type: multipart/form-data; boundary=", "Content-Type: text/plain; charset=bogus", "Content-Type: ;;",
        "Content-Encoding: gzip", "Accept-Language: ;;q=,,", "Cookie: a=b; $Version=; =; \"", "Cookie: ,",
        "Authorization: Basic !!!", "Authorization: Negotiate", "Referer: http://[", "User-Agent:", "Date: never",
        "Prefer: wait=1", "Prefer: wait=99999999999", "Prefer: \"", "Turn-Received: 0", "Turn-Received: x",
        "X-Forwarded-For: 1.2.3.4", "X-Forwarded-For: ,", "Trailer: X", "Via: 1.1 x", "Max-Forwards: 0", "TE: trailers",
    ];

    /// <summary>In place of a chunk's size.</summary>
    public static readonly string[] ChunkSizes =
    [
        "", "0", "-1", "+1", "g", "0x1", "1 ", " 1", "1;", "1;a=b", "1;a=\"", "00000000000000000001", "7FFFFFFF",
        "80000000", "FFFFFFFF", "7FFFFFFFFFFFFFFF", "FFFFFFFFFFFFFFFF", "10000000000000000", "1\0", "1,1", "1\r", "é",
    ];

    /// <summary>What follows a chunk's size, its bytes, the last chunk, or a line of a head.</summary>
    public static readonly string[] LineEnds =
        ["\r\n", "\n", "\r", "", "\r\r\n", "\n\r", "\0\r\n", "\r\n\r\n", " \r\n"];

    /// <summary>Input that is not HTTP/1, or only nearly.</summary>
    public static readonly byte[][] Foreign =
    [
        // The start of a TLS hello.
        Convert.FromHexString($"16030100C8010000C40303{new string('5', 64)}20{new string('A', 64)}0022130113"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0"u8.ToArray(),
        "GET /\r\n"u8.ToArray(),
        "GET /\n\n"u8.ToArray(),
        "SSH-2.0-OpenSSH_9.2\r\n"u8.ToArray(),
        "EHLO a\r\n"u8.ToArray(),
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(),
        "\r\n\r\n\r\n"u8.ToArray(),
        "\n\n\n\nGET / HTTP/1.1\nHost: x\n\n"u8.ToArray(),
        "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(),
        "\0\0\0\0\r\n\r\n"u8.ToArray(),
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray(),
        "6,turn,17,0,0"u8.ToArray(),
        "\u0005\u0001\0"u8.ToArray(),
        Encoding.ASCII.GetBytes(new string('A', 40_000)),
        Encoding.ASCII.GetBytes($"GET /{new string('a', 40_000)} HTTP/1.1\r\nHost: x\r\n\r\n"),
        Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: x\r\nX: {new string('a', 31_000)}\r\n\r\n"),
        Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: x\r\n"
            + string.Concat(Enumerable.Range(0, 3000).Select(i => $"a{i}: b\r\n")) + "\r\n"),
    ];
}
