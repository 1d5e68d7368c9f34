using System.Buffers.Text;
using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Bench.Client;

/// <summary>What the benchmarks' clients need of a reply's head.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Length">Length of the head in bytes, its empty line included.</param>
/// <param name="BodyLength">Length of the body in bytes.</param>
/// <param name="IsLast">Whether the server closes the connection after this reply.</param>
/// <param name="WasHeld">Whether there is a Preference-Applied header.</param>
/// <param name="RetryAfter">The Retry-After header; null: none.</param>
/// <param name="Counts">The headers that a client needs to come back to a game; null: none.</param>
internal readonly record struct ReplyHead(int Status, int Length, int BodyLength, bool IsLast, bool WasHeld,
    string? RetryAfter, IReadOnlyList<(string Name, string Value)>? Counts = null)
{
    private const int StatusAt = 9;

    // Far beyond what a turn server sends.
    private const int BodyLengthMax = 1 << 24;

    private static readonly string[] CountHeaders =
        [ReplyHeaders.TurnCounter, ReplyHeaders.TurnsTaken, ReplyHeaders.TurnsAcknowledged];

    private static ReadOnlySpan<byte> LineEnd => "\r\n"u8;

    /// <summary>Parses a head; false while it is incomplete.</summary>
    /// <exception cref="HttpRequestException">This client does not support it.</exception>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out ReplyHead head)
    {
        head = default;
        var length = bytes.IndexOf("\r\n\r\n"u8);
        if (length < 0)
            return false;
        if (!bytes.StartsWith("HTTP/1."u8) || !Utf8Parser.TryParse(bytes[StatusAt..], out int status, out _))
            throw new HttpRequestException("the answer is not HTTP/1.1");
        var bodyLength = -1;
        // HTTP/1.0 closes by default; its Keep-Alive is not supported.
        var isLast = bytes[StatusAt - 2] == (byte)'0';
        var wasHeld = false;
        string? retryAfter = null;
        List<(string Name, string Value)>? counts = null;
        var lines = bytes[..(length + LineEnd.Length)];
        for (lines = After(lines); lines.Length > 0; lines = After(lines))
        {
            var line = lines[..lines.IndexOf(LineEnd)];
            var colon = line.IndexOf((byte)':');
            if (colon < 0)
                throw new HttpRequestException("a line of the reply's head has no colon");
            var name = line[..colon];
            var value = line[(colon + 1)..].Trim((byte)' ');
            if (Is(name, "Content-Length"))
                bodyLength = Utf8Parser.TryParse(value, out int number, out _) && number <= BodyLengthMax ? number : -1;
            else if (Is(name, "Connection"))
                isLast = Is(value, "close");
            else if (Is(name, "Preference-Applied"))
                wasHeld = true;
            else if (Is(name, "Retry-After"))
                retryAfter = Encoding.ASCII.GetString(value);
            else if (FindCount(name) is { } count)
                (counts ??= []).Add((count, Encoding.ASCII.GetString(value)));
        }

        // 204 has no body.
        if (bodyLength < 0 && status != 204)
            throw new HttpRequestException("the reply has no Content-Length, or too large a one");
        head = new ReplyHead(status, length + 4, Math.Max(bodyLength, 0), isLast, wasHeld, retryAfter,
            counts);
        return true;
    }

    private static string? FindCount(ReadOnlySpan<byte> name)
    {
        foreach (var count in CountHeaders)
        {
            if (Is(name, count))
                return count;
        }

        return null;
    }

    private static ReadOnlySpan<byte> After(ReadOnlySpan<byte> lines) =>
        lines[(lines.IndexOf(LineEnd) + LineEnd.Length)..];

    private static bool Is(ReadOnlySpan<byte> bytes, string text) => Ascii.EqualsIgnoreCase(bytes, text);
}
