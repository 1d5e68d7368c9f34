namespace TurnServer.Bench.Cluster.Faults;

/// <summary>What to try.</summary>
internal sealed record FaultsOptions
{
    /// <summary>The most ports that a run takes: those of the machines, and HAProxy's.</summary>
    public const int PortsUsed = (ServersMax * Site.PortsUsed) + 1;

    public const int ServersMax = 8;

    /// <summary>How many faults.</summary>
    public int Faults { get; init; } = 50;

    /// <summary>Seed of the faults and of the players.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>How many games are played at a time; in half of them the servers hold replies.</summary>
    public int Games { get; init; } = 20;

    /// <summary>Turns a second of each player.</summary>
    public double Rate { get; init; } = 3;

    /// <summary>How many turn servers there are, beside three etcds.</summary>
    public int Servers { get; init; } = 3;

    /// <summary>How many shards the cluster spreads its games over, a power of two; 0: there is one table.</summary>
    public int GameShards { get; init; }

    public ClusterShape Shape => new(Servers, GameShards);

    /// <summary>Whether players reach the servers through HAProxy; otherwise each knows all addresses.</summary>
    public bool ThroughBalancer { get; init; }

    /// <summary>Whether each machine has a network of its own, so that it can be cut off.</summary>
    public bool HasNetworks { get; init; }

    /// <summary>Part of the names of the faults to choose from; null: all.</summary>
    public string? Only { get; init; }

    /// <summary>Where to leave the logs of servers and etcds; null: nowhere.</summary>
    public string? Logs { get; init; }

    /// <summary>The executable of another build; null for turnserver.dll.</summary>
    public string? Server { get; init; }

    /// <summary>The first of <see cref="PortsUsed"/> ports.</summary>
    public required int Port { get; init; }
}
