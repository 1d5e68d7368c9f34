using System.Globalization;

namespace TurnServer.Bench.Load;

/// <summary>Durations as people write them: <c>100s</c>, <c>2m</c>, <c>500ms</c>, or plain seconds.</summary>
internal static class Durations
{
    /// <summary>What would do, for messages.</summary>
    public const string WhatWouldDo = "a duration above 0 and up to a day, such as 100s, 2m, 500ms, or plain seconds";

    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    // The longer suffix first: 500ms does not end in an s.
    private static readonly (string Suffix, double Seconds)[] Units =
        [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("", 1)];

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        var (suffix, seconds) = Array.Find(Units, unit => text.EndsWith(unit.Suffix, StringComparison.Ordinal));
        if (!double.TryParse(text[..^suffix.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
            out var number) || number * seconds > Longest.TotalSeconds)
        {
            return false;
        }

        duration = TimeSpan.FromSeconds(number * seconds);
        return duration > TimeSpan.Zero;
    }
}
