using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using TurnServer.Admin;
using TurnServer.Admin.Front;
using TurnServer.Http;
using TurnServer.Journal;
using TurnServer.Rules;

namespace TurnServer.Cli;

/// <summary>All that the server is told on the command line.</summary>
public sealed record ServeOptions
{
    /// <summary>For the HTTP front.</summary>
    public HttpOptions Http { get; init; } = new();

    /// <summary>For the operator's side.</summary>
    public AdminOptions Admin { get; init; } = new();

    /// <summary>For the rules.</summary>
    public RulesOptions Rules { get; init; } = new();

    /// <summary>Whether and how the state is kept on the disk.</summary>
    public JournalOptions State { get; init; } = new();

    /// <summary>Whether keys count up from 0 instead of being drawn at random.</summary>
    public bool HasSequentialKeys { get; init; }

    /// <summary>How often both registries are printed; null: never.</summary>
    public TimeSpan? VerboseInterval { get; init; }

    /// <summary>The least severe messages that are logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>How messages are written.</summary>
    public LogFormat LogFormat { get; init; }
    /// <summary>Every flag as it is set, in the order of the help.</summary>
    public IReadOnlyList<Setting> Settings { get; init; } = [];

    /// <summary>Variables of the environment that look like settings and are none, such as misspelt ones.</summary>
    public IReadOnlyList<string> UnknownVariables { get; init; } = [];
}

/// <summary>The flags of the server itself: their names, defaults and bounds.</summary>
internal sealed class ServeFlags
{
    private const string Listening = "Listening";
    private const string Timeouts = "Timeouts, in seconds (decimals allowed)";
    private const string Limits = "Limits";
    private const string State = "State";
    private const string Watching = "Watching and debugging";
    private const double TimeoutSecondsMin = 0.1;
    private const double TimeoutSecondsMax = 86_400;
    private const int CountMax = 10_000_000;
    private const int WaitSecondsMax = 3600;

    private static readonly HttpOptions Http = new();
    private static readonly AdminOptions Admin = new();
    private static readonly RulesOptions Rules = new();

    private readonly Flag<int> _port = new("--port", "-p", Listening, "PORT", "TCP port",
        FlagValue.Whole(1, IPEndPoint.MaxPort, "a port"), Http.Port)
    { DefaultText = "80" };

    private readonly Flag<IPAddress?> _host = new("--host", null, Listening, "ADDRESS",
        "IPv4 address of this machine to listen on (IPv6: put a reverse proxy in front)", ParseHost, null)
    { DefaultText = "all" };

    private readonly Flag<bool> _trustProxy = new("--trust-proxy", null, Listening, null,
        "a reverse proxy on this machine names the client in X-Forwarded-For",
        FlagValue.Switch, false)
    { DefaultText = null, Bare = "true", UnsetText = "false" };

    private readonly Flag<string> _corsOrigin = new("--cors-origin", null, Listening, "ORIGIN",
        "web origin whose pages may play, such as https://game.example; * is any", ParseOrigin, Http.CorsOrigin)
    { DefaultText = "*" };

    private readonly Flag<int> _adminPort = new("--admin-port", null, Listening, "PORT",
        "TCP port of the status page and the metrics; 0: none",
        FlagValue.Whole(0, IPEndPoint.MaxPort, "a port, or 0"), Admin.Port)
    { DefaultText = "0" };

    private readonly Flag<IPAddress?> _adminHost = new("--admin-host", null, Listening, "ADDRESS",
        "IPv4 address for that; there is no password, so 0.0.0.0 shows it to everyone",
        ParseHost, Admin.Host)
    { DefaultText = "127.0.0.1" };

    private readonly Flag<TimeSpan> _pairing = Timeout("--pairing-timeout", "silence that drops a waiting player",
        Rules.PairingTimeout);

    private readonly Flag<TimeSpan> _longPairing = Timeout("--long-pairing-timeout",
        "the same, registered with the long key", Rules.LongPairingTimeout);

    private readonly Flag<TimeSpan> _load = Timeout("--load-timeout",
        "silence that drops a paired or loading player, unless the above is longer", Rules.LoadTimeout);

    private readonly Flag<TimeSpan> _game = Timeout("--game-timeout", "silence that drops a player from its game",
        Rules.GameTimeout);

    private readonly Flag<TimeSpan> _body = Timeout("--body-timeout",
        "time for a request's head, and for its body, to arrive", Http.BodyTimeout);

    private readonly Flag<int> _maxWait = new("--max-wait", null, Timeouts, "SECONDS",
        "longest that a reply is held for Prefer: wait, whole seconds; 0: never",
        FlagValue.Whole(0, WaitSecondsMax, "seconds"), Http.WaitSecondsMax)
    { DefaultText = "25" };

    private readonly Flag<int> _players = new("--max-players", null, Limits, "COUNT", "registered players",
        FlagValue.Whole(1, CountMax, "a count"), Rules.PlayersMax)
    { DefaultText = "100000" };

    private readonly Flag<int> _games = new("--max-games", null, Limits, "COUNT", "games",
        FlagValue.Whole(1, CountMax, "a count"), Rules.GamesMax)
    { DefaultText = "50000" };

    private readonly Flag<int> _playersPerAddress = new("--players-per-address", null, Limits, "COUNT",
        "registered players from one address; 0: no limit", FlagValue.Whole(0, CountMax, "a count"),
        Rules.PlayersPerAddressMax)
    { DefaultText = "256" };

    private readonly Flag<int> _requestsPerSecond = new("--requests-per-second", null, Limits, "COUNT",
        "requests a second from one address, with a burst of two seconds' worth; 0: no limit",
        FlagValue.Whole(0, CountMax, "a count"), Http.RequestsPerSecond)
    { DefaultText = "1000" };

    private readonly Flag<int?> _connections = new("--max-connections", null, Limits, "COUNT", "open connections",
        text => FlagValue.Whole(1, CountMax, "a count")(text), null)
    { DefaultText = "0.8 of the descriptor limit" };

    private readonly Flag<int> _connectionsPerAddress = new("--connections-per-address", null, Limits, "COUNT",
        "open connections from one address; 0: no limit", FlagValue.Whole(0, CountMax, "a count"),
        Http.ConnectionsPerAddressMax)
    { DefaultText = "1024" };

    private readonly Flag<string?> _state = new("--state", null, State, "DIR",
        "directory that keeps games across restarts and crashes; created if missing",
        ParseDirectory, null)
    { DefaultText = "none: a restart ends all games" };

    private readonly Flag<StateSync> _stateSync = new("--state-sync", null, State, "WHEN",
        "when changes are synced to the disk, to survive power loss: none (left to the kernel), batch (within about "
        + "10 ms), always (before each reply); a process crash alone loses nothing",
        FlagValue.OneOf(("none", StateSync.None), ("batch", StateSync.Batch), ("always", StateSync.Always)),
        StateSync.Batch)
    { DefaultText = "batch" };

    private readonly Flag<TimeSpan?> _restartGrace = new("--restart-grace", null, State, "SECONDS",
        "drop no player for this long after a restart or a pause of the process; decimals allowed",
        text => FlagValue.Seconds(0, TimeoutSecondsMax)(text), null)
    { DefaultText = "as --game-timeout" };

    private readonly Flag<bool> _keys = new("--keys", null, Watching, "KIND",
        "keys: random, or sequential for old clients that keep them in 32 bits",
        FlagValue.OneOf(("random", false), ("sequential", true)), false)
    { DefaultText = "random" };

    private readonly Flag<TimeSpan?> _verbose = new("--verbose", "-v", Watching, "[SECONDS]",
        "print both registries every so many seconds",
        text => FlagValue.Seconds(TimeoutSecondsMin, TimeoutSecondsMax)(text), null)
    { DefaultText = "10 when given without a number", Bare = "10", UnsetText = "never" };

    private readonly Flag<LogLevel> _logLevel = new("--log-level", null, Watching, "LEVEL",
        "least severe messages shown: trace, debug, information, warning, error, critical, none",
        FlagValue.OneOf([.. Enum.GetValues<LogLevel>().Select(level => (level.ToString().ToLowerInvariant(), level))]),
        LogLevel.Information)
    { DefaultText = "information" };

    private readonly Flag<LogFormat> _logFormat = new("--log-format", null, Watching, "FORM",
        "form of messages: text, journal, json; auto is journal where systemd's journal takes them, else text",
        FlagValue.OneOf(("auto", LogFormat.Auto), ("text", LogFormat.Text), ("journal", LogFormat.Journal),
            ("json", LogFormat.Json)),
        LogFormat.Auto)
    { DefaultText = "auto" };

    /// <summary>All flags, in the order of the help.</summary>
    public IReadOnlyList<Flag> All =>
    [
        _port, _host, _trustProxy, _corsOrigin, _adminPort, _adminHost,
        _pairing, _longPairing, _load, _game, _body, _maxWait,
        _players, _games, _playersPerAddress, _requestsPerSecond, _connections, _connectionsPerAddress,
        _state, _stateSync, _restartGrace,
        _keys, _verbose, _logLevel, _logFormat,
    ];

    /// <summary>Reads all flags; with errors, the options are not to be used.</summary>
    public ServeOptions Read(ParseResult result, List<string> errors)
    {
        var options = ReadEach(result, errors);
        if (options.Admin.Port == options.Http.Port)
            errors.Add($"--admin-port {options.Admin.Port}: give another port than --port.");
        if (options.State is { Directory: null, Sync: not StateSync.Batch })
            errors.Add("--state-sync requires --state DIR.");

        return options with
        {
            Settings = [.. All.Select(flag => flag.Describe(result))],
            Http = options.Http with { OtherConnections = options.Admin.IsOn ? AdminFront.DescriptorsMax : 0 },
        };
    }

    // Without what depends on more than one flag.
    private ServeOptions ReadEach(ParseResult result, List<string> errors) => new()
    {
        Admin = new AdminOptions
        {
            Port = _adminPort.Read(result, errors),
            Host = _adminHost.Read(result, errors),
        },
        Http = new HttpOptions
        {
            Port = _port.Read(result, errors),
            Host = _host.Read(result, errors),
            TrustProxy = _trustProxy.Read(result, errors),
            CorsOrigin = _corsOrigin.Read(result, errors),
            BodyTimeout = _body.Read(result, errors),
            WaitSecondsMax = _maxWait.Read(result, errors),
            RequestsPerSecond = _requestsPerSecond.Read(result, errors),
            ConnectionsMax = _connections.Read(result, errors),
            ConnectionsPerAddressMax = _connectionsPerAddress.Read(result, errors),
        },
        Rules = new RulesOptions
        {
            PairingTimeout = _pairing.Read(result, errors),
            LongPairingTimeout = _longPairing.Read(result, errors),
            LoadTimeout = _load.Read(result, errors),
            GameTimeout = _game.Read(result, errors),
            PlayersMax = _players.Read(result, errors),
            GamesMax = _games.Read(result, errors),
            PlayersPerAddressMax = _playersPerAddress.Read(result, errors),
        },
        State = new JournalOptions
        {
            Directory = _state.Read(result, errors),
            Sync = _stateSync.Read(result, errors),
            RestartGrace = _restartGrace.Read(result, errors),
        },
        HasSequentialKeys = _keys.Read(result, errors),
        VerboseInterval = _verbose.Read(result, errors),
        LogLevel = _logLevel.Read(result, errors),
        LogFormat = _logFormat.Read(result, errors),
        UnknownVariables = [.. Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(IsUnknown).Order()],
    };

    /// <summary>The form of messages, so far as a command line that is wrong tells it.</summary>
    public LogFormat ReadLogFormat(ParseResult result) =>
        result.GetResult(_logFormat.Option)?.Errors.Any() ?? false ? LogFormat.Auto : _logFormat.Read(result, []);

    private bool IsUnknown(string variable) => variable.StartsWith(Flag.VariablePrefix, StringComparison.Ordinal)
        && !All.Any(flag => flag.Variable == variable);

    private static Flag<TimeSpan> Timeout(string name, string help, TimeSpan defaultValue) =>
        new(name, null, Timeouts, "SECONDS", help, FlagValue.Seconds(TimeoutSecondsMin, TimeoutSecondsMax),
            defaultValue)
        {
            DefaultText = $"{defaultValue.TotalSeconds:0}",
        };

    private static (IPAddress?, string?) ParseHost(string text)
    {
        if (IPAddress.TryParse(text, out var address) && address.AddressFamily != AddressFamily.InterNetwork)
        {
            return (null, "an IPv4 address: this server cannot listen on IPv6; a reverse proxy in front of it can "
                + "(TurnServer/Service/README.md)");
        }

        // As it is written: 010.0.0.1 would be 8.0.0.1, and 8080 be 0.0.31.144.
        if (address?.ToString() != text)
            return (null, "an IPv4 address of this machine, such as 127.0.0.1");
        return (address.Equals(IPAddress.Any) ? null : address, null);
    }

    // Compared by browsers byte for byte with what they send: in lower case, without a name or password, in ASCII.
    private static (string, string?) ParseOrigin(string text)
    {
        if (text == "*")
            return (text, null);
        var isOrigin = Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme is "http" or "https")
            && uri.UserInfo.Length == 0 && Ascii.IsValid(text)
            && uri.GetLeftPart(UriPartial.Authority).Equals(text, StringComparison.OrdinalIgnoreCase);
        if (uri is { UserInfo.Length: > 0 })
            return (text, "a web origin without a user name or password, such as https://game.example");
        return isOrigin
            ? (uri!.GetLeftPart(UriPartial.Authority), null)
            : (text, "* or one web origin as browsers send it, without a path, such as https://game.example");
    }

    private static (string?, string?) ParseDirectory(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return (null, "a directory, such as /var/lib/turnserver, or leave the flag out to keep no state");
        return text[0] == '-' ? (null, $"a directory; one of that name is ./{text}") : (text, null);
    }
}
