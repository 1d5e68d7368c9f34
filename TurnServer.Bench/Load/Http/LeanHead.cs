using System.Buffers.Text;
using System.Text;

namespace TurnServer.Bench.Load.Http;

/// <summary>What counts in the head of a reply.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Length">Of the head itself, its empty line included.</param>
/// <param name="BodyLength">Of the body behind it.</param>
/// <param name="IsLast">Whether the server closes the connection after it.</param>
/// <param name="WasHeld">Whether there is a Preference-Applied.</param>
/// <param name="RetryAfter">Null when there is none.</param>
internal readonly record struct LeanHead(int Status, int Length, int BodyLength, bool IsLast, bool WasHeld,
    string? RetryAfter)
{
    private const int StatusAt = 9;

    // Far beyond what a turn server answers.
    private const int BodyLengthMax = 1 << 24;

    private static ReadOnlySpan<byte> LineEnd => "\r\n"u8;

    /// <summary>Reads a head; false when it has not all come yet.</summary>
    /// <exception cref="HttpRequestException">It is none that this client understands.</exception>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out LeanHead head)
    {
        head = default;
        var length = bytes.IndexOf("\r\n\r\n"u8);
        if (length < 0)
            return false;
        if (!bytes.StartsWith("HTTP/1."u8) || !Utf8Parser.TryParse(bytes[StatusAt..], out int status, out _))
            throw new HttpRequestException("the answer is not HTTP/1.1");
        var bodyLength = -1;
        // HTTP/1.0 closes unless it says otherwise, and then is not worth the trouble.
        var isLast = bytes[StatusAt - 2] == (byte)'0';
        var wasHeld = false;
        string? retryAfter = null;
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
        }

        // 204 has none, and no need of one.
        if (bodyLength < 0 && status != 204)
            throw new HttpRequestException("the reply has no Content-Length, or too large a one");
        head = new LeanHead(status, length + 4, Math.Max(bodyLength, 0), isLast, wasHeld, retryAfter);
        return true;
    }

    private static ReadOnlySpan<byte> After(ReadOnlySpan<byte> lines) =>
        lines[(lines.IndexOf(LineEnd) + LineEnd.Length)..];

    private static bool Is(ReadOnlySpan<byte> bytes, string text) => Ascii.EqualsIgnoreCase(bytes, text);
}
