using System.CommandLine;
using System.Text;
using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Cli;

/// <summary>The options of <c>connect</c>.</summary>
internal sealed record ConnectOptions
{
    /// <summary>The URL of the server.</summary>
    public required Uri Url { get; init; }

    /// <summary>This player's name; empty if it is missing.</summary>
    public string Name { get; init; } = "";

    /// <summary>The name of the only partner wanted; null: any partner.</summary>
    public string? Partner { get; init; }

    /// <summary>The pool to be paired in; null: none.</summary>
    public string? Pool { get; init; }

    /// <summary>Whether to transfer bytes with a checksum instead of lines of text.</summary>
    public bool IsRaw { get; init; }

    /// <summary>Whether to leave standard input unread.</summary>
    public bool HasNoInput { get; init; }

    /// <summary>How long to wait for a partner.</summary>
    public TimeSpan WaitForPartner { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>How long to retry while the server does not answer.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>The arguments of <c>connect</c>. Their defaults are those of <see cref="ConnectOptions"/>.</summary>
internal sealed class ConnectFlags
{
    private const string Who = "Finding a partner";
    private const string What = "Data";
    private const string Waiting = "Waiting, in seconds (decimals allowed)";

    private static readonly ConnectOptions Defaults = new() { Url = new Uri("http://localhost/") };
    private static readonly FlagType<TimeSpan> Seconds = FlagType.Seconds(0.1, 86_400);

    private readonly OptionFlag<ConnectOptions>[] _bound =
    [
        Of(Who, "--name", "your name; required", new FlagType<string>("NAME", ParseName, _ => null),
            o => o.Name, (o, v) => o with { Name = v }),
        Of(Who, "--partner", "connect only to NAME, who must give your name as --partner",
            new FlagType<string?>("NAME", ParsePartner, _ => null), o => o.Partner, (o, v) => o with { Partner = v },
            "the next player without --partner"),
        Of(Who, "--pool", "connect only to a player who gives the same POOL: both sides must give it",
            new FlagType<string?>("POOL", ParsePool, _ => null), o => o.Pool, (o, v) => o with { Pool = v },
            "a player without --pool"),
        Of(What, "--raw", "transfer bytes with a checksum instead of lines; both sides must use it",
            FlagType.Switch, o => o.IsRaw, (o, v) => o with { IsRaw = v }),
        Of(What, "--no-input", "do not read standard input: only receive (for ssh, systemd and the like)",
            FlagType.Switch, o => o.HasNoInput, (o, v) => o with { HasNoInput = v }),
        Of(Waiting, "--wait-for-partner", "how long to wait for a partner",
            Seconds, o => o.WaitForPartner, (o, v) => o with { WaitForPartner = v }),
        Of(Waiting, "--patience", "how long to retry while the server does not answer",
            Seconds, o => o.Patience, (o, v) => o with { Patience = v }),
    ];

    /// <summary>The server. Not required by the parser, so that its errors are reported like those of flags.</summary>
    public Argument<string?> Url { get; } = new("URL") { Arity = ArgumentArity.ZeroOrOne };

    /// <summary>All flags, in the order of the help.</summary>
    public IReadOnlyList<Flag> All => [.. _bound.Select(bound => bound.Flag)];

    /// <summary>Reads the command line; null if there are errors.</summary>
    public ConnectOptions? Read(ParseResult result, List<string> errors)
    {
        var text = result.GetValue(Url);
        var url = ServerUrl.Read(text, out var whatIsWrong);
        if (text is ['-', ..])
            errors.Add($"unknown option {text}.");
        else if (whatIsWrong is not null)
            errors.Add($"{whatIsWrong}.");
        var options = _bound.Aggregate(Defaults, (soFar, flag) => flag.Apply(soFar, result, errors));
        if (errors.Count == 0 && options.Name.Length == 0)
            errors.Add("--name is missing: give a name, such as --name Ann.");
        return errors.Count == 0 ? options with { Url = url! } : null;
    }

    private static OptionFlag<ConnectOptions> Of<T>(string group, string name, string help, FlagType<T> type,
        Func<ConnectOptions, T> get, Func<ConnectOptions, T, ConnectOptions> set, string? defaultWords = null) =>
        OptionFlag<ConnectOptions>.Bind(new Flag<T>(name, group, help, type, get(Defaults))
        {
            DefaultWords = defaultWords,
            HasVariable = false,
        }, set);

    // As the server (PROTOCOL.md, error 7); a comma would end the field.
    private static (string, string?) ParseName(string given)
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
        text.Trim() == "*" ? (text, "a name, or no --partner at all to connect to any player") : ParseName(text);

    // As the server (PROTOCOL.md, "Pools").
    private static (string?, string?) ParsePool(string text) => (text,
        TurnClient.IsPool(text)
            ? null
            : $"a pool of 1 to {ProtocolLimits.PoolCharactersMax} visible ASCII characters, no comma, no #");
}
