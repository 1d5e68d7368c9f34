using System.CommandLine;

namespace TurnServer.Cli;

/// <summary>
/// A setting of the command line, which may also come from the environment. A flag wins over its variable, and the
/// variable over the default.
/// </summary>
internal abstract class Flag(string name, string group, string help)
{
    /// <summary>The prefix of the environment variables that are settings.</summary>
    public const string VariablePrefix = "TURNSERVER_";

    public string Name => name;

    /// <summary>The section of the help.</summary>
    public string Group => group;

    public string Help => help;

    /// <summary>The short name, such as <c>-p</c>; null if there is none.</summary>
    public string? Alias { get; init; }

    /// <summary>
    /// What stands for the value in the help; in brackets if it may be left out, null if there is none.
    /// </summary>
    public abstract string? ValueName { get; }

    /// <summary>The default as the help shows it; null if there is none to show.</summary>
    public abstract string? DefaultText { get; }

    /// <summary>The value of a flag that is not set, as the status page shows it.</summary>
    public abstract string UnsetText { get; }

    /// <summary>Whether the environment may set it, as for settings that belong to the machine.</summary>
    public bool HasVariable { get; init; } = true;

    /// <summary>The environment variable, such as TURNSERVER_MAX_WAIT; null if there is none.</summary>
    public string? Variable => HasVariable
        ? VariablePrefix + name.TrimStart('-').Replace('-', '_').ToUpperInvariant()
        : null;

    /// <summary>The option for the parser.</summary>
    public abstract Option Option { get; }

    /// <summary>The text that sets it to other than its default; null if none does.</summary>
    public abstract string? FindChange(ParseResult result);

    /// <summary>Whether the environment sets it.</summary>
    public abstract bool IsSetByVariable(ParseResult result);

    /// <summary>Its name as the user gave it: the variable if that sets it, else the flag.</summary>
    public string NameIn(ParseResult result) => IsSetByVariable(result) ? Variable! : Name;

    /// <summary>The setting as the user gave it: <c>--port 80</c> or <c>TURNSERVER_PORT=80</c>.</summary>
    public string Spell(ParseResult result, string value) => IsSetByVariable(result)
        ? $"{Variable}={value}"
        : $"{Name} {value}";
}

/// <summary>A flag whose value has a type.</summary>
/// <param name="name">The flag, such as <c>--port</c>.</param>
/// <param name="group">The section of the help.</param>
/// <param name="help">What it is for.</param>
/// <param name="type">How the value is parsed and shown.</param>
/// <param name="defaultValue">The value if none is given.</param>
internal sealed class Flag<T>(string name, string group, string help, FlagType<T> type, T defaultValue)
    : Flag(name, group, help)
{
    private Option<string?>? _option;

    /// <summary>The default as a phrase, if there is no default value to print.</summary>
    public string? DefaultWords { get; init; }

    public override string? ValueName => type.ValueName;

    public override string? DefaultText =>
        DefaultWords ?? (ValueName is null ? null : type.Format(defaultValue));

    public override string UnsetText => type.Format(defaultValue) ?? DefaultWords ?? "";

    public override Option Option => ParserOption;

    public override string? FindChange(ParseResult result) =>
        Given(result) is { } text && !EqualityComparer<T>.Default.Equals(type.Parse(text).Value, defaultValue)
            ? text
            : null;

    public override bool IsSetByVariable(ParseResult result) =>
        !IsOnCommandLine(result) && GivenByVariable is not null;

    /// <summary>The value; the default if none is given, or an error was added.</summary>
    public T Read(ParseResult result, List<string> errors)
    {
        if (Given(result) is not { } text)
            return defaultValue;
        var (value, expected) = type.Parse(text);
        if (text.Any(char.IsControl))
            expected ??= "a value without control characters";
        if (expected is null)
            return value;
        errors.Add($"{Spell(result, string.IsNullOrWhiteSpace(text) ? $"'{text}'" : text)}: give {expected}.");
        return defaultValue;
    }

    private Option<string?> ParserOption => _option ??= new Option<string?>(Name, Alias is null ? [] : [Alias])
    {
        Description = Help,
        Arity = ValueName is null || ValueName[0] == '[' ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
    };

    // An empty variable counts as not set, so that a settings file may leave values out.
    private string? GivenByVariable =>
        Variable is not null && Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? text : null;

    private bool IsOnCommandLine(ParseResult result) => result.GetResult(ParserOption) is { Implicit: false };

    private string? Given(ParseResult result) =>
        IsOnCommandLine(result) ? result.GetValue(ParserOption) ?? type.Bare : GivenByVariable;
}

/// <summary>A flag and the option of a command that it sets.</summary>
/// <param name="Flag">The flag.</param>
/// <param name="Apply">Sets the option to the flag's value; collects errors.</param>
internal sealed record OptionFlag<TOptions>(Flag Flag, Func<TOptions, ParseResult, List<string>, TOptions> Apply)
{
    /// <summary>Binds a flag to an option.</summary>
    public static OptionFlag<TOptions> Bind<T>(Flag<T> flag, Func<TOptions, T, TOptions> set) =>
        new(flag, (options, result, errors) => set(options, flag.Read(result, errors)));
}
