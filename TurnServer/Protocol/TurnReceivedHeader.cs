using System.Globalization;

namespace TurnServer.Protocol;

/// <summary>
/// Reads the header <c>Turn-Received: BYTES</c> of an update (PROTOCOL.md, "Saying what has arrived").
/// </summary>
public static class TurnReceivedHeader
{
    /// <summary>The header's name.</summary>
    public const string Name = "Turn-Received";

    /// <summary>
    /// Parses the number of bytes, saturating at <see cref="int.MaxValue"/>. False if it is not decimal digits.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> header, out int bytes)
    {
        var digits = header.Trim();
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out bytes))
            bytes = int.MaxValue;
        return !digits.IsEmpty && !digits.ContainsAnyExceptInRange('0', '9');
    }
}
