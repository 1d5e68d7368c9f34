using System.Numerics;
using System.Text.RegularExpressions;

namespace TurnServer.Tests.Support;

/// <summary>A second, simple implementation of the headers that the server parses.</summary>
internal static class ReferenceHeaders
{
    private const string Quoted = """"
        "(?>(?:\\.|[^"\\])*)(?:"|\\?\z)
        """";

    /// <summary>The seconds in <c>Prefer: wait</c>, as <c>PreferHeader.WaitSeconds</c> parses them.</summary>
    public static int WaitSeconds(string header)
    {
        foreach (var preference in Split(header, ','))
        {
            var parts = Split(Split(preference, ';')[0], '=');
            if (!parts[0].Trim().Equals("wait", StringComparison.OrdinalIgnoreCase))
                continue;
            var value = string.Join('=', parts.Skip(1)).Trim();
            if (value.Length >= 2 && value[0] == '"' && value[^1] == '"')
                value = value[1..^1];
            return Saturated(value) ?? 0;
        }

        return 0;
    }

    /// <summary>The value of <c>Turn-Received</c>; null if malformed.</summary>
    public static int? ReceivedBytes(string header) => Saturated(header.Trim());

    /// <summary>
    /// The player's address as <c>ClientAddress</c> prints it, if the last one in <c>X-Forwarded-For</c> is
    /// dotted-decimal IPv4; null otherwise.
    /// </summary>
    public static string? PlainForwardedFor(string header)
    {
        var match = Regex.Match(header.Split(',')[^1].Trim(), @"\A((?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3})"
            + @"(?::(\d{1,5}))?\z", RegexOptions.ECMAScript);
        var fits = match.Success && match.Groups[1].Value.Split('.').All(number => int.Parse(number) <= 255)
            && (!match.Groups[2].Success || int.Parse(match.Groups[2].Value) <= 65_535);
        return fits ? match.Groups[1].Value : null;
    }

    private static int? Saturated(string digits) => digits.Length > 0 && digits.All(char.IsAsciiDigit)
        ? (int)BigInteger.Min(BigInteger.Parse(digits), int.MaxValue)
        : null;

    // Splits at separators outside quotes; a backslash within quotes escapes the next character.
    private static List<string> Split(string text, char separator)
    {
        var parts = new List<string>();
        for (var match = Regex.Match(text, $"""\G((?>(?:[^"{separator}]|{Quoted})*))({separator}|\z)""",
            RegexOptions.Singleline); ; match = match.NextMatch())
        {
            parts.Add(match.Groups[1].Value);
            if (match.Groups[2].Length == 0)
                return parts;
        }
    }
}
