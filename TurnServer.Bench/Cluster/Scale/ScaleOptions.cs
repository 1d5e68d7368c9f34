using TurnServer.Bench.Cluster.Cost;
using TurnServer.Cluster;

namespace TurnServer.Bench.Cluster.Scale;

/// <summary>What to measure.</summary>
internal sealed record ScaleOptions
{
    /// <summary>The ports that are used, one after the other by each cluster.</summary>
    public const int PortsUsed = NodesMax * Site.PortsUsed;

    public const int NodesMax = 8;

    /// <summary>Longer runs could append more to a log than it keeps.</summary>
    public const int SecondsMax = 15;

    /// <summary>How many turn servers the clusters have that are compared.</summary>
    public IReadOnlyList<int> Nodes { get; init; } = [];

    /// <summary>How many shards the games are spread over.</summary>
    public int GameShards { get; init; } = ClusterOptions.GameShardsDefault;

    /// <summary>How long each run takes.</summary>
    public TimeSpan RunLength { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>How often each cluster is measured.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Requests under way.</summary>
    public int Connections { get; init; } = 128;

    /// <summary>The executable of another build of the server; null: turnserver.dll.</summary>
    public string? Server { get; init; }

    /// <summary>The first of <see cref="PortsUsed"/> ports.</summary>
    public required int Port { get; init; }

    /// <summary>As another comparison is made.</summary>
    public static ScaleOptions Like(CostOptions options) => new()
    {
        RunLength = options.RunLength,
        Rounds = options.Rounds,
        Connections = options.Connections,
        Server = options.Server,
        Port = options.Port,
    };
}
