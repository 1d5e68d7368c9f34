using TurnServer.Cluster;

namespace TurnServer.Bench.Cluster.Cost;

/// <summary>What to measure.</summary>
internal sealed record CostOptions
{
    /// <summary>The ports that are used, one after the other by each installation.</summary>
    public const int PortsUsed = NodesMax * Site.PortsUsed;

    public const int MachinesCount = 3;

    public const int NodesMax = 8;

    /// <summary>Longer runs could append more to a log than it keeps.</summary>
    public const int SecondsMax = 15;

    /// <summary>
    /// How many turn servers the clusters have that are compared; empty: a cluster is compared with single servers.
    /// </summary>
    public IReadOnlyList<int> Nodes { get; init; } = [];

    /// <summary>How many shards the games are spread over, where they are.</summary>
    public int GameShards { get; init; } = ClusterOptions.GameShardsDefault;

    /// <summary>How long each run takes.</summary>
    public TimeSpan RunLength { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>How often each installation is measured.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Pairs of players at rest, five turns a second each.</summary>
    public int Pairs { get; init; } = 50;

    /// <summary>Requests under way at full speed, an even number.</summary>
    public int Connections { get; init; } = 128;

    /// <summary>Part of the names of the installations to measure; null: all.</summary>
    public string? Only { get; init; }

    /// <summary>The executable of another build of the server; null: turnserver.dll.</summary>
    public string? Server { get; init; }

    /// <summary>The first of <see cref="PortsUsed"/> ports.</summary>
    public required int Port { get; init; }
}
