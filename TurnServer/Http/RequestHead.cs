using System.Text;

namespace TurnServer.Http;

/// <summary>
/// Finds request heads that the listener would misread, and rewrites them so that it does not. Nearly all heads are
/// plain, which means that they stay as they are.
/// </summary>
/// <remarks>
/// The listener keeps the last of several headers with the same name, where HTTP joins them into a list (RFC 9110,
/// 5.2). It rejects an IPv6 address in Host or in an absolute target. It reads a Content-Length of more than 63 bits as
/// 0, and accepts a sign before its digits. It drops carriage returns anywhere in a line.
/// </remarks>
internal static class RequestHead
{
    /// <summary>
    /// The longest head, in bytes, from its request line to its empty line. The listener's own limit of 32 KiB is reset
    /// by each read that ends with a line.
    /// </summary>
    public const int BytesMax = 32 * 1024;

    // Up to this many names are compared without allocating; heads with more are rewritten.
    private const int PlainNamesMax = 64;

    // Any number of 18 digits fits in a long.
    private const int PlainLengthDigitsMax = 18;

    private static ReadOnlySpan<byte> ContentLength => "content-length"u8;

    private static ReadOnlySpan<byte> Host => "host"u8;

    /// <summary>A head without a request line, which the listener answers with 400.</summary>
    public static ReadOnlySpan<byte> Malformed => "malformed\r\n"u8;

    /// <summary>Whether the listener reads this head correctly.</summary>
    /// <param name="head">A complete head, its empty line included.</param>
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
            // The listener rejects a line without a name.
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
    /// Rewrites a head so that the listener reads it correctly: one line for each name, with all its values in order.
    /// Returns <see cref="Malformed"/> when a carriage return stands inside a line, or for a list of transfer codings.
    /// </summary>
    /// <param name="head">A complete head, its empty line included.</param>
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
                // The listener rejects it.
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

    // Not plain: an absolute target with an IPv6 address, and * for the server as a whole (RFC 9112, 3.2).
    private static bool IsPlainTarget(ReadOnlySpan<byte> target) =>
        target.StartsWith("/"u8) || (!target.Contains((byte)'[') && !target.SequenceEqual("*"u8));

    // The listener trims names, so this one may equal another.
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

    // Of the target the server reads only the path.
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

    // The listener answers any other list with 501, and then reads the body as the next request.
    private static bool IsChunked(List<string> codings) => codings.Where(coding => coding.Length > 0).ToList()
        is [var coding] && coding.Equals("chunked", StringComparison.OrdinalIgnoreCase);

    private static string Join(string name, List<string> values)
    {
        if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
            return Length(values);
        // The listener sends 100 for this one value only, so repeats must not be joined.
        if (name.Equals("Expect", StringComparison.OrdinalIgnoreCase))
            values = [.. values.Distinct(StringComparer.OrdinalIgnoreCase)];
        // Several hosts, even empty ones, must be rejected (RFC 9112, 3.2); other lists drop empty elements.
        var isHost = name.Equals("Host", StringComparison.OrdinalIgnoreCase);
        if (isHost && values is [var host])
            return PlainHost(host);
        return string.Join(", ", isHost ? values : values.Where(value => value.Length > 0));
    }

    // All values must agree (RFC 9110, 8.6). One that overflows a long exceeds the limit of a body anyway.
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

    // The server listens on IPv4 only, so an IPv6 Host comes through a proxy; which address it is does not matter.
    private static string PlainHost(string host)
    {
        var end = host.IndexOf(']', StringComparison.Ordinal);
        return host.StartsWith('[') && end > 0 && System.Net.IPAddress.TryParse(host[1..end], out _)
            ? "127.0.0.1" + host[(end + 1)..]
            : host;
    }
}
