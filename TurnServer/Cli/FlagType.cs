using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace TurnServer.Cli;

/// <summary>How the value of a flag is parsed and shown.</summary>
/// <param name="ValueName">
/// What stands for the value in the help; in brackets if it may be left out, null if there is none.
/// </param>
/// <param name="Parse">Parses a value, or returns what is expected instead, as it follows "give".</param>
/// <param name="Format">Formats a value; null if it has no text.</param>
internal sealed record FlagType<T>(string? ValueName, Func<string, (T Value, string? Expected)> Parse,
    Func<T, string?> Format)
{
    /// <summary>The value of a flag that stands without one.</summary>
    public string Bare { get; init; } = "";
}

/// <summary>The types of flags.</summary>
internal static class FlagType
{
    private const int CountMax = 10_000_000;

    /// <summary>Yes or no; the flag may stand without a value.</summary>
    public static FlagType<bool> Switch { get; } =
        OneOf("", ("true", true), ("false", false), ("1", true), ("0", false)) with { ValueName = null, Bare = "true" };

    /// <summary>An IPv4 address of this machine; null: all of them.</summary>
    public static FlagType<IPAddress?> Address { get; } =
        new("ADDRESS", ParseAddress, address => address?.ToString() ?? "all");

    /// <summary>A whole number within bounds.</summary>
    public static FlagType<int> Whole(string valueName, int min, int max, string what) => new(valueName,
        text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= min && number <= max
            ? (number, null)
            : (0, $"{what}, a whole number from {min} to {max}"),
        number => number.ToString(CultureInfo.InvariantCulture));

    /// <summary>A count from 1, or from 0 if that has a meaning.</summary>
    public static FlagType<int> Count(int min) => Whole("COUNT", min, CountMax, "a count");

    /// <summary>A duration in seconds within bounds, decimals allowed.</summary>
    public static FlagType<TimeSpan> Seconds(double min, double max) => new("SECONDS",
        text => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            && seconds >= min && seconds <= max
            ? (TimeSpan.FromSeconds(seconds), null)
            : (default, string.Create(CultureInfo.InvariantCulture, $"seconds from {min} to {max}, such as 30 or 2.5")),
        time => time.TotalSeconds.ToString(CultureInfo.InvariantCulture));

    /// <summary>One of a few words, in any case.</summary>
    public static FlagType<T> OneOf<T>(string valueName, params (string Word, T Value)[] choices) => new(valueName,
        text =>
        {
            foreach (var (word, value) in choices)
            {
                if (word.Equals(text, StringComparison.OrdinalIgnoreCase))
                    return (value, null);
            }

            return (choices[0].Value, "one of " + string.Join(", ", choices.Select(choice => choice.Word)));
        },
        value => Array.Find(choices, choice => EqualityComparer<T>.Default.Equals(choice.Value, value)).Word);

    /// <summary>The same type, with null for a flag that is not set.</summary>
    /// <param name="type">The type of the values.</param>
    /// <param name="unset">The text for null, if it has one.</param>
    public static FlagType<T?> Optional<T>(FlagType<T> type, string? unset = null)
        where T : struct =>
        new(type.ValueName, text => type.Parse(text), value => value is { } set ? type.Format(set) : unset);

    private static (IPAddress?, string?) ParseAddress(string text)
    {
        if (IPAddress.TryParse(text, out var address) && address.AddressFamily != AddressFamily.InterNetwork)
        {
            return (null, "an IPv4 address: this server cannot listen on IPv6; a reverse proxy in front of it can "
                + "(Service/README.md, \"Behind a reverse proxy\")");
        }

        // The canonical spelling only: 010.0.0.1 would be 8.0.0.1, and 8080 would be 0.0.31.144.
        if (address?.ToString() != text)
            return (null, "an IPv4 address of this machine, such as 127.0.0.1");
        return (address.Equals(IPAddress.Any) ? null : address, null);
    }
}
