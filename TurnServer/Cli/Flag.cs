using System.CommandLine;
using System.Globalization;

namespace TurnServer.Cli;

/// <summary>
/// One setting of the command line, which may also come from the environment: how it is called, read and explained. The
/// value is taken from the flag, else from the environment, else the default.
/// </summary>
internal abstract class Flag(string name, string? alias, string group, string? valueName, string help)
{
    /// <summary>How the variables of the environment begin that are settings.</summary>
    public const string VariablePrefix = "TURNSERVER_";

    public string Name => name;

    public string? Alias => alias;

    public string Group => group;

    /// <summary>
    /// What stands for the value in the help; in brackets where it may be left out, null where there is none.
    /// </summary>
    public string? ValueName => valueName;

    public string Help => help;

    /// <summary>The default as the help shows it; null when there is none to show.</summary>
    public required string? DefaultText { get; init; }

    /// <summary>What it is called when nobody sets it, where that is not the help's default.</summary>
    public string? UnsetText { get; init; }

    /// <summary>
    /// Whether the environment may set it: what the server is told holds for a machine, what a client is told for one
    /// time.
    /// </summary>
    public bool HasVariable { get; init; } = true;

    /// <summary>The variable of the environment, such as TURNSERVER_MAX_WAIT; null when there is none.</summary>
    public string? Variable => HasVariable
        ? VariablePrefix + name.TrimStart('-').Replace('-', '_').ToUpperInvariant()
        : null;

    public abstract Option Option { get; }

    /// <summary>How it is set. What is given must have been read without errors.</summary>
    public abstract Setting Describe(ParseResult result);
}

/// <summary>A <see cref="Flag"/> with a value.</summary>
/// <param name="parse">Reads a value, or says in the second place what would do instead.</param>
internal sealed class Flag<T>(string name, string? alias, string group, string? valueName, string help,
    Func<string, (T Value, string? WhatWouldDo)> parse, T defaultValue) : Flag(name, alias, group, valueName, help)
{
    private readonly Option<string?> _option = new(name, alias is null ? [] : [alias])
    {
        Description = help,
        Arity = valueName is null || valueName[0] == '[' ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
    };

    /// <summary>What the flag means when it stands without a value.</summary>
    public string Bare { get; init; } = "";

    public override Option Option => _option;

    public override Setting Describe(ParseResult result)
    {
        var unset = UnsetText ?? DefaultText ?? "";
        var (text, _) = Given(result);
        var isDefault = text is null || EqualityComparer<T>.Default.Equals(parse(text).Value, defaultValue);
        return new Setting(Name, Group, isDefault ? unset : text!, unset, isDefault, Help);
    }

    /// <summary>The value; the default after an error has been added.</summary>
    public T Read(ParseResult result, List<string> errors)
    {
        if (Given(result) is not ({ } text, var origin))
            return defaultValue;
        var (value, whatWouldDo) = parse(text);
        // The shell drops a variable that is not set, and the next flag becomes the value.
        if (result.CommandResult.Command.Options.Any(other => other.Name == text || other.Aliases.Contains(text)))
            whatWouldDo = $"{Name} a value: {text} is the next flag";
        else if (text.Any(char.IsControl))
            whatWouldDo ??= "a value without control characters";
        if (whatWouldDo is null)
            return value;
        errors.Add($"{origin}: give {whatWouldDo}.");
        return defaultValue;
    }

    // The text that it is set by, and where that stands; null when nobody sets it.
    private (string? Text, string Origin) Given(ParseResult result)
    {
        if (result.GetResult(_option) is { Implicit: false })
        {
            var given = result.GetValue(_option) ?? Bare;
            return (given, string.IsNullOrWhiteSpace(given) ? $"{Name} '{given}'" : $"{Name} {given}");
        }

        var text = Variable is null ? null : Environment.GetEnvironmentVariable(Variable);
        // An empty variable counts as one that is not set, as in the settings file.
        return (string.IsNullOrEmpty(text) ? null : text,
            string.IsNullOrWhiteSpace(text) ? $"{Variable}='{text}'" : $"{Variable}={text}");
    }
}

/// <summary>How values are read.</summary>
internal static class FlagValue
{
    /// <summary>A whole number within bounds.</summary>
    public static Func<string, (int, string?)> Whole(int min, int max, string what) => text =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= min && number <= max
            ? (number, null)
            : (0, $"{what}, a whole number from {min} to {max}");

    /// <summary>A duration in seconds within bounds, decimals allowed.</summary>
    public static Func<string, (TimeSpan, string?)> Seconds(double min, double max) => text =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            && seconds >= min && seconds <= max
            ? (TimeSpan.FromSeconds(seconds), null)
            : (default, string.Create(CultureInfo.InvariantCulture, $"seconds from {min} to {max}, such as 30 or 2.5"));

    /// <summary>Yes or no, for a flag that may stand without a value.</summary>
    public static Func<string, (bool, string?)> Switch { get; } =
        OneOf(("true", true), ("false", false), ("1", true), ("0", false));

    /// <summary>One of a few words.</summary>
    public static Func<string, (T, string?)> OneOf<T>(params (string Word, T Value)[] choices) => text =>
    {
        foreach (var (word, value) in choices)
        {
            if (word.Equals(text, StringComparison.OrdinalIgnoreCase))
                return (value, null);
        }

        return (choices[0].Value, "one of " + string.Join(", ", choices.Select(choice => choice.Word)));
    };
}
