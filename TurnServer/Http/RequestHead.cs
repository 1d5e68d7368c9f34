using System.Text;

namespace TurnServer.Http;

/// <summary>
/// Reads the head of a request where the listener does not read it as HTTP means it, and writes it anew so that the
/// listener does. A head that is plain, as nearly all are, is left alone.
/// </summary>
/// <remarks>
/// The listener keeps the last of several lines with one name, where HTTP makes them one list (RFC 9110, 5.2). It takes
/// an IPv6 address in Host or in an absolute target for a malformed one. It reads a Content-Length of more than 63 bits
/// as 0, and takes a sign before its digits. It drops a carriage return wherever one stands.
/// </remarks>
internal static class RequestHead
{
    /// <summary>The longest head, in bytes, from its request line to the empty line behind it. The listener's own limit
    /// of 32 KiB starts anew with each read that ends with a line.</summary>
    public const int BytesMax = 32 * 1024;

    // Names up to this number are compared without allocating; heads with more are written anew.
    private const int PlainNamesMax = 64;

    // A long has 19 digits at the most; whatever has 18 fits.
    private const int PlainLengthDigitsMax = 18;

    private static ReadOnlySpan<byte> ContentLength => "content-length"u8;

    private static ReadOnlySpan<byte> Host => "host"u8;

    /// <summary>What the listener answers with 400, as it has no request line.</summary>
    public static ReadOnlySpan<byte> Malformed => "malformed\r\n"u8;

    /// <summary>Whether the listener reads this head as HTTP means it.</summary>
    /// <param name="head">A whole head, the empty line at its end included.</param>
    public static bool IsPlain(ReadOnlySpan<byte> head)
    {
        Span<(int Start, int Length)> names = stackalloc (int, int)[PlainNamesMax];
        var count = 0;
        var lines = new HeadLines(head);
        if (!lines.MoveNext() || HasReturn(lines.Current) || !IsPlainTarget(TargetOf(lines.Current)))
            return false;
        while (lines.MoveNext())
        {
            var line = lines.Current;
            var colon = line.IndexOf((byte)':');
            if (HasReturn(line) || count == PlainNamesMax)
                return false;
            // The listener refuses a line without a name.
            if (colon <= 0)
                continue;
            var name = line[..colon];
            for (var i = 0; i < count; i++)
            {
                var (start, length) = names[i];
                if (length == name.Length && Ascii.EqualsIgnoreCase(head.Slice(start, length), name))
                    return false;
            }

            if (!IsPlainName(name) || !IsPlainValue(name, line[(colon + 1)..]))
                return false;
            names[count++] = (lines.Start, name.Length);
        }

        return true;
    }

    /// <summary>
    /// The head as the listener is to read it: one line for each name, with all its values in order. <see
    /// cref="Malformed"/> when a carriage return is inside a line, or it has a list of transfer codings.
    /// </summary>
    /// <param name="head">A whole head, the empty line at its end included.</param>
    public static byte[] Rewrite(ReadOnlySpan<byte> head)
    {
        var lines = new HeadLines(head);
        lines.MoveNext();
        if (HasReturn(lines.Current))
            return Malformed.ToArray();
        var rewritten = new StringBuilder(head.Length).Append(RequestLine(lines.Current)).Append("\r\n");
        var values = new OrderedDictionary<string, List<string>>(StringComparer.OrdinalIgnoreCase);
        while (lines.MoveNext())
        {
            if (HasReturn(lines.Current))
                return Malformed.ToArray();
            var line = Encoding.Latin1.GetString(lines.Current);
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
            {
                // Refused by the listener.
                rewritten.Append(line).Append("\r\n");
                continue;
            }

            var name = line[..colon].Trim();
            if (!values.TryGetValue(name, out var list))
                values.Add(name, list = []);
            list.Add(line[(colon + 1)..].Trim());
        }

        if (values.TryGetValue("Transfer-Encoding", out var codings) && !IsChunked(codings))
            return Malformed.ToArray();
        foreach (var (name, list) in values)
            rewritten.Append(name).Append(": ").Append(Join(name, list)).Append("\r\n");
        return Encoding.Latin1.GetBytes(rewritten.Append("\r\n").ToString());
    }

    private static bool HasReturn(ReadOnlySpan<byte> line) => line.Contains((byte)'\r');

    private static ReadOnlySpan<byte> TargetOf(ReadOnlySpan<byte> requestLine)
    {
        var target = requestLine[(requestLine.IndexOf((byte)' ') + 1)..];
        var end = target.IndexOf((byte)' ');
        return end < 0 ? target : target[..end];
    }

    // An absolute target with an IPv6 address, or the server as a whole (RFC 9112, 3.2).
    private static bool IsPlainTarget(ReadOnlySpan<byte> target) =>
        target.StartsWith("/"u8) || (!target.Contains((byte)'[') && !target.SequenceEqual("*"u8));

    // The listener trims names.
    private static bool IsPlainName(ReadOnlySpan<byte> name) =>
        !char.IsWhiteSpace((char)name[0]) && !char.IsWhiteSpace((char)name[^1]);

    private static bool IsPlainValue(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.Length == Host.Length && Ascii.EqualsIgnoreCase(name, Host))
            return !value.Contains((byte)'[');
        if (name.Length != ContentLength.Length || !Ascii.EqualsIgnoreCase(name, ContentLength))
            return true;
        var digits = value.Trim((byte)' ');
        return digits.Length is > 0 and <= PlainLengthDigitsMax
            && !digits.ContainsAnyExceptInRange((byte)'0', (byte)'9');
    }

    // The server reads no target but its path.
    private static string RequestLine(ReadOnlySpan<byte> requestLine)
    {
        var line = Encoding.Latin1.GetString(requestLine);
        if (IsPlainTarget(TargetOf(requestLine)))
            return line;
        var target = Encoding.Latin1.GetString(TargetOf(requestLine));
        if (target == "*")
            return line.Replace(" * ", " / ", StringComparison.Ordinal);
        if (!Uri.TryCreate(target, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            return line;
        var at = line.IndexOf(' ', StringComparison.Ordinal) + 1;
        return line[..at] + uri.PathAndQuery + line[(at + target.Length)..];
    }

    // With any other list the listener answers 501, and takes the body for the next request.
    private static bool IsChunked(List<string> codings) => codings.Where(coding => coding.Length > 0).ToList()
        is [var coding] && coding.Equals("chunked", StringComparison.OrdinalIgnoreCase);

    private static string Join(string name, List<string> values)
    {
        if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
            return Length(values);
        // One that does not understand this for a second time waits for a second 100.
        if (name.Equals("Expect", StringComparison.OrdinalIgnoreCase))
            values = [.. values.Distinct(StringComparer.OrdinalIgnoreCase)];
        // Two hosts stay two, empty ones too, and are refused (RFC 9112, 3.2); of other lists an empty element is none.
        var isHost = name.Equals("Host", StringComparison.OrdinalIgnoreCase);
        if (isHost && values is [var host])
            return PlainHost(host);
        return string.Join(", ", isHost ? values : values.Where(value => value.Length > 0));
    }

    // All must say the same (RFC 9110, 8.6). What is too long for a number is too long for a body.
    private static string Length(List<string> values)
    {
        var lengths = values.SelectMany(value => value.Split(',')).Select(value => value.Trim()).ToList();
        if (lengths.Exists(length => length.Length == 0 || length.AsSpan().ContainsAnyExceptInRange('0', '9')))
            return "malformed";
        var distinct = lengths.Select(length => length.TrimStart('0')).Distinct().ToList();
        return distinct switch
        {
            [""] => "0",
            [{ Length: <= PlainLengthDigitsMax } length] => length,
            [_] => $"{long.MaxValue}",
            _ => "malformed",
        };
    }

    // Who listens by an IPv4 address alone is asked by an IPv6 one only through a proxy. All that matters of it is that
    // it is an address.
    private static string PlainHost(string host)
    {
        var end = host.IndexOf(']', StringComparison.Ordinal);
        return host.StartsWith('[') && end > 0 && System.Net.IPAddress.TryParse(host[1..end], out _)
            ? "127.0.0.1" + host[(end + 1)..]
            : host;
    }
}
