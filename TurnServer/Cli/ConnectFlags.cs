using System.CommandLine;
using System.Text;
using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Cli;

/// <summary>All that <c>connect</c> is told on the command line.</summary>
internal sealed record ConnectOptions
{
    /// <summary>Where the server is.</summary>
    public required Uri Url { get; init; }

    /// <summary>The name of this side.</summary>
    public required string Name { get; init; }

    /// <summary>The name of the only partner wanted; null takes whoever comes.</summary>
    public string? Partner { get; init; }

    /// <summary>Whether bytes are passed, with a check at the end; otherwise lines of text.</summary>
    public bool IsRaw { get; init; }

    /// <summary>Whether the standard input is left alone.</summary>
    public bool HasNoInput { get; init; }

    /// <summary>How long a partner is waited for.</summary>
    public TimeSpan WaitForPartner { get; init; }

    /// <summary>How long a server that does not answer is asked again.</summary>
    public TimeSpan Patience { get; init; }
}

/// <summary>The flags of <c>connect</c>: their names, defaults and bounds.</summary>
internal sealed class ConnectFlags
{
    private const string Who = "Who meets whom";
    private const string What = "What is passed";
    private const string Waiting = "Waiting, in seconds (decimals allowed)";
    private const double SecondsMin = 0.1;
    private const double SecondsMax = 86_400;

    private static readonly TimeSpan WaitForPartner = TimeSpan.FromSeconds(300);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Flag<string?> _name = new("--name", null, Who, "NAME", "the name of this side; required",
        ParseName, null)
    { DefaultText = null, HasVariable = false };

    private readonly Flag<string?> _partner = new("--partner", null, Who, "NAME",
        "meet nobody but NAME, who has to name this side in turn", ParsePartner, null)
    { DefaultText = "anybody who names nobody", HasVariable = false };

    private readonly Flag<bool> _raw = Switch("--raw",
        "bytes instead of lines, with a check that all have arrived; on both sides or neither");

    private readonly Flag<bool> _noInput = Switch("--no-input",
        "leave standard input alone, as if it were empty: for ssh, systemd and the like");

    private readonly Flag<TimeSpan> _wait = Seconds("--wait-for-partner", "how long a partner is waited for",
        WaitForPartner);

    private readonly Flag<TimeSpan> _patience = Seconds("--patience",
        "how long a server that does not answer is asked again", Patience);

    /// <summary>The server; read here, so that what is wrong with it is said as with the flags.</summary>
    public Argument<string?> Url { get; } = new("URL") { Arity = ArgumentArity.ZeroOrOne };

    /// <summary>All flags, in the order of the help.</summary>
    public IReadOnlyList<Flag> All => [_name, _partner, _raw, _noInput, _wait, _patience];

    /// <summary>Reads the command line; null when there are errors.</summary>
    public ConnectOptions? Read(ParseResult result, List<string> errors)
    {
        var url = ServerUrl.Read(result.GetValue(Url), out var whatIsWrong);
        if (whatIsWrong is not null)
            errors.Add($"{whatIsWrong}.");
        var options = new ConnectOptions
        {
            Url = url!,
            Name = _name.Read(result, errors) ?? "",
            Partner = _partner.Read(result, errors),
            IsRaw = _raw.Read(result, errors),
            HasNoInput = _noInput.Read(result, errors),
            WaitForPartner = _wait.Read(result, errors),
            Patience = _patience.Read(result, errors),
        };
        if (errors.Count == 0 && options.Name.Length == 0)
            errors.Add("--name is missing: give this side a name, such as --name Ann.");
        return errors.Count == 0 ? options : null;
    }

    private static Flag<bool> Switch(string name, string help) =>
        new(name, null, What, null, help, FlagValue.Switch, false)
        {
            DefaultText = null,
            Bare = "true",
            HasVariable = false,
        };

    private static Flag<TimeSpan> Seconds(string name, string help, TimeSpan defaultValue) =>
        new(name, null, Waiting, "SECONDS", help, FlagValue.Seconds(SecondsMin, SecondsMax), defaultValue)
        {
            DefaultText = $"{defaultValue.TotalSeconds:0}",
            HasVariable = false,
        };

    // The server's rule (PROTOCOL.md, error 7), and that a comma would end the name.
    private static (string?, string?) ParseName(string given)
    {
        var text = PlayerName.Normalize(given);
        var runes = text.EnumerateRunes().ToArray();
        var isName = runes.Length is > 0 and <= ProtocolLimits.NameCharactersMax
            && !runes.Any(rune => Rune.IsControl(rune) || rune.Value == ',');
        return (text, isName
            ? null
            : $"a name of 1 to {ProtocolLimits.NameCharactersMax} characters, no control characters, no comma");
    }

    private static (string?, string?) ParsePartner(string text) =>
        text.Trim() == "*" ? (text, "a name, or no --partner at all to meet anybody") : ParseName(text);
}
