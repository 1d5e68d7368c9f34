using System.Globalization;

namespace TurnServer.Protocol;

/// <summary>Reads the header <c>Prefer: wait=SECONDS</c> (RFC 7240; PROTOCOL.md, "Waiting for news").</summary>
public static class PreferHeader
{
    /// <summary>
    /// The requested wait in seconds, saturating at <see cref="int.MaxValue"/>; 0 if there is none. As RFC 7240 says, a
    /// malformed preference is ignored, and the first of several counts.
    /// </summary>
    public static int WaitSeconds(ReadOnlySpan<char> header)
    {
        while (!header.IsEmpty)
        {
            var preference = CutAt(',', ref header);
            var value = CutAt(';', ref preference);
            var name = CutAt('=', ref value);
            if (name.Trim().Equals("wait", StringComparison.OrdinalIgnoreCase))
                return Seconds(value.Trim());
        }

        return 0;
    }

    // Returns the text before the first unquoted separator, and leaves the text after it.
    private static ReadOnlySpan<char> CutAt(char separator, ref ReadOnlySpan<char> rest)
    {
        var text = rest;
        var isQuoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (text[i] == '\\' && isQuoted)
            {
                i++;
            }
            else if (text[i] == separator && !isQuoted)
            {
                rest = text[(i + 1)..];
                return text[..i];
            }
        }

        rest = default;
        return text;
    }

    private static int Seconds(ReadOnlySpan<char> value)
    {
        if (value.Length >= 2 && value[0] == '"' && value[^1] == '"')
            value = value[1..^1];
        if (value.IsEmpty || value.ContainsAnyExceptInRange('0', '9'))
            return 0;
        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? seconds
            : int.MaxValue;
    }
}
