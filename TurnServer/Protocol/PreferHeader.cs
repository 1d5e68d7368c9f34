using System.Globalization;

namespace TurnServer.Protocol;

/// <summary>Reads the header <c>Prefer: wait=SECONDS</c> (RFC 7240; PROTOCOL.md, "Waiting for news").</summary>
public static class PreferHeader
{
    /// <summary>
    /// The seconds to wait that the header asks for, saturating at <see cref="int.MaxValue"/>; 0 when it asks for none
    /// or is ill-formed, as a preference that is not understood is passed over. The first of several counts, as RFC
    /// 7240 has it.
    /// </summary>
    public static int WaitSeconds(ReadOnlySpan<char> header)
    {
        foreach (var part in header.Split(','))
        {
            var preference = header[part];
            var end = preference.IndexOf(';');
            if (end >= 0)
                preference = preference[..end];
            var equals = preference.IndexOf('=');
            if (equals < 0 || !preference[..equals].Trim().Equals("wait", StringComparison.OrdinalIgnoreCase))
                continue;
            return Seconds(preference[(equals + 1)..].Trim());
        }

        return 0;
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
