using System.CommandLine;
using System.Globalization;
using TurnServer.Cli;

namespace TurnServer.Bench.Cli;

/// <summary>The kinds of options that subcommands have.</summary>
internal static class Options
{
    private const string Group = "Options";

    // The longer suffix first: 500ms does not end in an s.
    private static readonly (string Suffix, double Seconds)[] DurationUnits =
        [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("", 1)];

    private static readonly TimeSpan DurationMax = TimeSpan.FromDays(1);

    /// <summary>An option that is on or off.</summary>
    public static Flag<bool> Switch(string name, string help) =>
        Value(name, help, FlagType.Switch, false);

    /// <summary>A whole number within bounds.</summary>
    public static Flag<int> Whole(string name, string help, int defaultValue, int min, int max) =>
        Value(name, help, FlagType.Whole("COUNT", min, max, "a count"), defaultValue);

    /// <summary>The first of one or more consecutive ports.</summary>
    public static Flag<int> Port(string help, int defaultValue, int count = 1) =>
        Value("--port", help, FlagType.Whole("PORT", 1024, 65_536 - count, "a port"), defaultValue);

    /// <summary>A number within bounds, decimals allowed.</summary>
    public static Flag<double> Number(string name, string help, double defaultValue, double min, double max) =>
        Value(name, "NUMBER", help, text =>
            double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                && number >= min && number <= max
                ? (number, null)
                : (0, string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}")),
            defaultValue, defaultValue.ToString(CultureInfo.InvariantCulture));

    /// <summary>A duration, such as <c>100s</c>, <c>2m</c>, <c>500ms</c>, or plain seconds.</summary>
    public static Flag<TimeSpan> Duration(string name, string help, TimeSpan defaultValue) => Value(name, "TIME", help,
        ParseDuration, defaultValue,
        string.Create(CultureInfo.InvariantCulture, $"{defaultValue.TotalSeconds:0.###}s"));

    /// <summary>Any text; null when the option is not given.</summary>
    public static Flag<string?> Text(string name, string value, string help) =>
        Value<string?>(name, value, help, text => (text, null), null, null);

    /// <summary>An option with a value.</summary>
    public static Flag<T> Value<T>(string name, string value, string help, Func<string, (T, string?)> parse,
        T defaultValue, string? defaultText) =>
        Value(name, help, new FlagType<T>(value, parse, _ => defaultText), defaultValue);

    /// <summary>An option with a value of this type.</summary>
    public static Flag<T> Value<T>(string name, string help, FlagType<T> type, T defaultValue) =>
        new(name, Group, help, type, defaultValue) { HasVariable = false };

    /// <summary>Server flags behind <c>--</c>.</summary>
    public static Argument<string[]> ServerFlags() => new("flags") { Arity = ArgumentArity.ZeroOrMore };

    /// <summary>Reads a duration, or says what to give instead.</summary>
    public static (TimeSpan Value, string? Expected) ParseDuration(string text)
    {
        var (suffix, seconds) = Array.Find(DurationUnits, unit => text.EndsWith(unit.Suffix, StringComparison.Ordinal));
        return double.TryParse(text[..^suffix.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
            out var number) && number > 0 && number * seconds <= DurationMax.TotalSeconds
            ? (TimeSpan.FromSeconds(number * seconds), null)
            : (default, "a duration above 0 and up to a day, such as 100s, 2m, 500ms, or plain seconds");
    }
}
