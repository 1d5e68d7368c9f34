using System.CommandLine;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using TurnServer.Admin;
using TurnServer.Admin.Front;
using TurnServer.Cluster;
using TurnServer.Http;
using TurnServer.Journal;
using TurnServer.Rules;

namespace TurnServer.Cli;

/// <summary>The flags of the server. Their defaults are those of <see cref="ServeOptions"/>.</summary>
internal sealed class ServeFlags
{
    private const string Listening = "Listening";
    private const string Timeouts = "Timeouts, in seconds (decimals allowed)";
    private const string Limits = "Limits";
    private const string State = "State";
    private const string Clustering = "Cluster (several machines; see TurnServer/Cluster/README.md)";
    private const string Debugging = "Logging and debugging";
    private const double SecondsMin = 0.1;
    private const int WaitSecondsMax = 3600;

    private const double SecondsMax = 86_400;

    // 30 days, for games played over days.
    private const double SilenceSecondsMax = 30 * 86_400;

    private static readonly ServeOptions Defaults = new();
    private static readonly FlagType<TimeSpan> Timeout = FlagType.Seconds(SecondsMin, SecondsMax);
    private static readonly FlagType<TimeSpan> Silence = FlagType.Seconds(SecondsMin, SilenceSecondsMax);
    private static readonly FlagType<LogFormat> LogFormats = FlagType.OneOf("FORM", ("auto", LogFormat.Auto),
        ("text", LogFormat.Text), ("journal", LogFormat.Journal), ("json", LogFormat.Json));

    private static readonly FlagType<LogLevel> LogLevels = FlagType.OneOf("LEVEL",
        [.. Enum.GetValues<LogLevel>().Select(level => (level.ToString().ToLowerInvariant(), level))]);

    private readonly OptionFlag<ServeOptions> _port = Http(Listening, "--port", "TCP port",
        FlagType.Whole("PORT", 1, IPEndPoint.MaxPort, "a port"), o => o.Port, (o, v) => o with { Port = v },
        alias: "-p");

    private readonly OptionFlag<ServeOptions> _adminPort = Admin("--admin-port",
        "TCP port of the status page and the metrics; 0: none",
        FlagType.Whole("PORT", 0, IPEndPoint.MaxPort, "a port, or 0"), o => o.Port, (o, v) => o with { Port = v });

    private readonly OptionFlag<ServeOptions> _state = Journal("--state",
        "directory that keeps games across restarts and crashes; created if missing",
        new FlagType<string?>("DIR", ParseDirectory, directory => directory),
        o => o.Directory, (o, v) => o with { Directory = v }, defaultWords: "none: a restart ends all games");

    private readonly OptionFlag<ServeOptions> _stateSync = Journal("--state-sync",
        "when changes are synced to the disk, to survive power loss: none (left to the kernel), batch (within about "
        + "10 ms), always (before each reply); a process crash alone loses nothing",
        FlagType.OneOf("WHEN", ("none", StateSync.None), ("batch", StateSync.Batch), ("always", StateSync.Always)),
        o => o.Sync, (o, v) => o with { Sync = v });

    private readonly OptionFlag<ServeOptions> _cluster = Cluster("--cluster",
        "client addresses of the etcd that keeps the games, in place of --state, so that they survive a machine",
        ClusterFlags.Endpoints, o => o.Endpoints, (o, v) => o with { Endpoints = v },
        defaultWords: "none: this server is alone");

    private readonly OptionFlag<ServeOptions> _logFormat = Of(Debugging, "--log-format",
        "format of log messages: text, journal, json; auto: journal if systemd's journal receives them, else text",
        LogFormats, o => o.LogFormat, (o, v) => o with { LogFormat = v });

    public ServeFlags() => Bound =
    [
        _port,
        Http(Listening, "--host", "IPv4 address of this machine to listen on (IPv6: put a reverse proxy in front)",
            FlagType.Address, o => o.Host, (o, v) => o with { Host = v }),
        Http(Listening, "--trust-proxy",
            "take client addresses from X-Forwarded-For, which a reverse proxy on this machine sends",
            FlagType.Switch, o => o.TrustProxy, (o, v) => o with { TrustProxy = v }),
        Http(Listening, "--cors-origin", "web origin whose pages may play, such as https://game.example; * is any",
            new FlagType<string>("ORIGIN", ParseOrigin, origin => origin),
            o => o.CorsOrigin, (o, v) => o with { CorsOrigin = v }),
        Http(Listening, "--demo", "serve a two-player word game at /demo",
            FlagType.Switch, o => o.ServesDemo, (o, v) => o with { ServesDemo = v }),
        _adminPort,
        Admin("--admin-host", "IPv4 address of the admin port; it has no password: 0.0.0.0 shows it to everyone",
            FlagType.Address, o => o.Host, (o, v) => o with { Host = v }),

        Rules(Timeouts, "--pairing-timeout", "drop a waiting player after this much silence",
            Silence, o => o.PairingTimeout, (o, v) => o with { PairingTimeout = v }),
        Rules(Timeouts, "--long-pairing-timeout", "the same for a player that registers with the key bibbybabbis",
            Silence, o => o.LongPairingTimeout, (o, v) => o with { LongPairingTimeout = v }),
        Rules(Timeouts, "--load-timeout",
            "drop a paired or loading player after this much silence, unless its pairing timeout is longer",
            Silence, o => o.LoadTimeout, (o, v) => o with { LoadTimeout = v }),
        Rules(Timeouts, "--game-timeout", "drop a player from its game after this much silence",
            Silence, o => o.GameTimeout, (o, v) => o with { GameTimeout = v }),
        Http(Timeouts, "--body-timeout", "time for a request's head to arrive, and then for its body",
            Timeout, o => o.BodyTimeout, (o, v) => o with { BodyTimeout = v }),
        Http(Timeouts, "--ping-interval",
            "ping the client of a WebSocket after this much silence; without an answer for two more, close it",
            Timeout, o => o.PingInterval, (o, v) => o with { PingInterval = v }),
        Http(Timeouts, "--max-wait", "longest time to hold a reply for Prefer: wait, in whole seconds; 0: never",
            FlagType.Whole("SECONDS", 0, WaitSecondsMax, "seconds"),
            o => o.WaitSecondsMax, (o, v) => o with { WaitSecondsMax = v }),

        Rules(Limits, "--max-players", "registered players", FlagType.Count(1),
            o => o.PlayersMax, (o, v) => o with { PlayersMax = v }),
        Rules(Limits, "--max-games", "games", FlagType.Count(1), o => o.GamesMax, (o, v) => o with { GamesMax = v }),
        Rules(Limits, "--players-per-address", "registered players from one address; 0: no limit", FlagType.Count(0),
            o => o.PlayersPerAddressMax, (o, v) => o with { PlayersPerAddressMax = v }),
        Http(Limits, "--requests-per-second",
            "requests per second from one address, with a burst of two seconds' worth; 0: no limit",
            FlagType.Count(0), o => o.RequestsPerSecond, (o, v) => o with { RequestsPerSecond = v }),
        Http(Limits, "--max-connections", "open connections", FlagType.Optional(FlagType.Count(1)),
            o => o.ConnectionsMax, (o, v) => o with { ConnectionsMax = v },
            defaultWords: "80 % of the file descriptor limit"),
        Http(Limits, "--connections-per-address", "open connections from one address; 0: no limit", FlagType.Count(0),
            o => o.ConnectionsPerAddressMax, (o, v) => o with { ConnectionsPerAddressMax = v }),

        _state,
        _stateSync,
        Journal("--restart-grace",
            "drop no player for this long after a restart or a pause of the process; decimals allowed",
            FlagType.Optional(FlagType.Seconds(0, SilenceSecondsMax)),
            o => o.RestartGrace, (o, v) => o with { RestartGrace = v },
            defaultWords: "same as --game-timeout, at most 86400"),

        _cluster,
        Cluster("--cluster-name", "name of the cluster, for several on one etcd", ClusterFlags.Name,
            o => o.Name, (o, v) => o with { Name = v }),
        Cluster("--advertise", "where the other servers of the cluster reach this one; it listens on that port",
            ClusterFlags.HostAndPort, o => o.Advertise, (o, v) => o with { Advertise = v },
            defaultWords: $"the address that this machine reaches etcd from, port {ClusterOptions.DefaultPort}"),
        Cluster("--cluster-shards", "how many shards a new cluster spreads its games over, so that all servers serve "
            + "them: a power of two; 0: one server serves all, and the others stand by", ClusterFlags.Shards,
            o => o.GameShards, (o, v) => o with { GameShards = v },
            defaultWords: $"what the cluster was made with; {ClusterOptions.GameShardsDefault} for a new one"),
        Cluster("--cluster-ca", "PEM file with the authorities that sign etcd's certificates", ClusterFlags.File,
            o => o.CaFile, (o, v) => o with { CaFile = v }, defaultWords: "those of the system"),
        Cluster("--cluster-cert", "PEM file with the certificate that etcd is shown", ClusterFlags.File,
            o => o.CertFile, (o, v) => o with { CertFile = v }, defaultWords: "none"),
        Cluster("--cluster-key", "PEM file with the key of --cluster-cert", ClusterFlags.File,
            o => o.KeyFile, (o, v) => o with { KeyFile = v }, defaultWords: "same file as --cluster-cert"),
        Cluster("--cluster-user", "user of etcd", ClusterFlags.User, o => o.User, (o, v) => o with { User = v },
            defaultWords: "none"),
        Cluster("--cluster-password-file", "file whose first line is the password of --cluster-user",
            ClusterFlags.File, o => o.PasswordFile, (o, v) => o with { PasswordFile = v }, defaultWords: "none"),

        Of(Debugging, "--keys",
            "how to choose keys: random, or sequential for old clients that store them in 32 bits",
            FlagType.OneOf("KIND", ("random", false), ("sequential", true)),
            o => o.HasSequentialKeys, (o, v) => o with { HasSequentialKeys = v }),
        Of(Debugging, "--verbose", "print tables of players and games to standard output at this interval",
            FlagType.Optional(Timeout, unset: "never") with { ValueName = "[SECONDS]", Bare = "10" },
            o => o.VerboseInterval, (o, v) => o with { VerboseInterval = v },
            alias: "-v", defaultWords: "10 when given without a number"),
        Of(Debugging, "--log-level",
            "least severe messages to log: trace, debug, information, warning, error, critical, none",
            LogLevels, o => o.LogLevel, (o, v) => o with { LogLevel = v }),
        _logFormat,
    ];

    /// <summary>All flags, in the order of the help, with the options that they set.</summary>
    public IReadOnlyList<OptionFlag<ServeOptions>> Bound { get; }

    /// <summary>All flags, in the order of the help.</summary>
    public IReadOnlyList<Flag> All => [.. Bound.Select(bound => bound.Flag)];

    /// <summary>Reads all flags; with errors, the options must not be used.</summary>
    public ServeOptions Read(ParseResult result, List<string> errors)
    {
        var options = Bound.Aggregate(Defaults, (soFar, flag) => flag.Apply(soFar, result, errors));
        if (options.Admin.Port == options.Http.Port)
        {
            errors.Add($"{_adminPort.Flag.Spell(result, $"{options.Admin.Port}")}: give a port other than that of "
                + $"{_port.Flag.NameIn(result)}.");
        }

        if (options.State is { Directory: null, Sync: not StateSync.Batch })
        {
            var state = _stateSync.Flag.IsSetByVariable(result) ? _state.Flag.Variable : $"{_state.Flag.Name} DIR";
            errors.Add($"{_stateSync.Flag.NameIn(result)} requires {state}.");
        }

        ClusterFlags.Check(options, errors);
        return options with
        {
            Settings = [.. All.Select(flag => Describe(flag, result))],
            UnknownVariables = [.. Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(IsUnknown).Order()],
            Http = options.Http with { OtherConnections = options.Admin.IsOn ? AdminFront.DescriptorsMax : 0 },
        };
    }

    /// <summary>The log format in which to report a wrong command line; Auto if the flag itself is wrong.</summary>
    public LogFormat ReadLogFormat(ParseResult result) =>
        result.GetResult(_logFormat.Flag.Option)?.Errors.Any() ?? false
            ? LogFormat.Auto
            : _logFormat.Apply(Defaults, result, []).LogFormat;

    private static Setting Describe(Flag flag, ParseResult result)
    {
        var changed = flag.FindChange(result);
        return new Setting(flag.Name, flag.Group, changed ?? flag.UnsetText, flag.UnsetText, changed is null,
            flag.Help);
    }

    private bool IsUnknown(string variable) => variable.StartsWith(Flag.VariablePrefix, StringComparison.Ordinal)
        && !All.Any(flag => flag.Variable == variable);

    private static OptionFlag<ServeOptions> Http<T>(string group, string name, string help, FlagType<T> type,
        Func<HttpOptions, T> get, Func<HttpOptions, T, HttpOptions> set, string? alias = null,
        string? defaultWords = null) =>
        Of(group, name, help, type, o => get(o.Http), (o, v) => o with { Http = set(o.Http, v) }, alias, defaultWords);

    private static OptionFlag<ServeOptions> Admin<T>(string name, string help, FlagType<T> type,
        Func<AdminOptions, T> get, Func<AdminOptions, T, AdminOptions> set) =>
        Of(Listening, name, help, type, o => get(o.Admin), (o, v) => o with { Admin = set(o.Admin, v) });

    private static OptionFlag<ServeOptions> Rules<T>(string group, string name, string help, FlagType<T> type,
        Func<RulesOptions, T> get, Func<RulesOptions, T, RulesOptions> set) =>
        Of(group, name, help, type, o => get(o.Rules), (o, v) => o with { Rules = set(o.Rules, v) });

    private static OptionFlag<ServeOptions> Journal<T>(string name, string help, FlagType<T> type,
        Func<JournalOptions, T> get, Func<JournalOptions, T, JournalOptions> set, string? defaultWords = null) =>
        Of(State, name, help, type, o => get(o.State), (o, v) => o with { State = set(o.State, v) },
            defaultWords: defaultWords);

    private static OptionFlag<ServeOptions> Cluster<T>(string name, string help, FlagType<T> type,
        Func<ClusterOptions, T> get, Func<ClusterOptions, T, ClusterOptions> set, string? defaultWords = null) =>
        Of(Clustering, name, help, type, o => get(o.Cluster), (o, v) => o with { Cluster = set(o.Cluster, v) },
            defaultWords: defaultWords);

    private static OptionFlag<ServeOptions> Of<T>(string group, string name, string help, FlagType<T> type,
        Func<ServeOptions, T> get, Func<ServeOptions, T, ServeOptions> set, string? alias = null,
        string? defaultWords = null) =>
        OptionFlag<ServeOptions>.Bind(new Flag<T>(name, group, help, type, get(Defaults))
        {
            Alias = alias,
            DefaultWords = defaultWords,
        }, set);

    // Browsers compare origins byte for byte: lower case, ASCII, without a user name or password.
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
            return (null, "a directory, such as /var/lib/turnserver, or leave it out to keep no state");
        return text[0] == '-' ? (null, $"a directory; write ./{text} if its name begins with a hyphen") : (text, null);
    }
}
