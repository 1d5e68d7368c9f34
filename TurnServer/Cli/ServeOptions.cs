using Microsoft.Extensions.Logging;
using TurnServer.Admin;
using TurnServer.Cluster;
using TurnServer.Http;
using TurnServer.Journal;
using TurnServer.Rules;

namespace TurnServer.Cli;

/// <summary>The options of the server.</summary>
public sealed record ServeOptions
{
    /// <summary>For the HTTP front.</summary>
    public HttpOptions Http { get; init; } = new();

    /// <summary>For the status page and the metrics.</summary>
    public AdminOptions Admin { get; init; } = new();

    /// <summary>For the rules.</summary>
    public RulesOptions Rules { get; init; } = new();

    /// <summary>For the state that outlives the process.</summary>
    public JournalOptions State { get; init; } = new();

    /// <summary>The cluster that the server belongs to.</summary>
    public ClusterOptions Cluster { get; init; } = new();

    /// <summary>Whether keys count up from 0 instead of being random.</summary>
    public bool HasSequentialKeys { get; init; }

    /// <summary>How often players and games are printed; null: never.</summary>
    public TimeSpan? VerboseInterval { get; init; }

    /// <summary>The least severe messages that are logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>The format of log messages.</summary>
    public LogFormat LogFormat { get; init; }

    /// <summary>Every flag with its value, in the order of the help.</summary>
    public IReadOnlyList<Setting> Settings { get; init; } = [];

    /// <summary>Variables that begin with TURNSERVER_ but are not settings, such as misspelt ones.</summary>
    public IReadOnlyList<string> UnknownVariables { get; init; } = [];
}
