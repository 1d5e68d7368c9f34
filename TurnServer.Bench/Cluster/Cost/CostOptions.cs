namespace TurnServer.Bench.Cluster.Cost;

/// <summary>What to measure.</summary>
internal sealed record CostOptions
{
    /// <summary>The ports that are used, one after the other by each installation.</summary>
    public const int PortsUsed = MachinesCount * Site.PortsUsed;

    public const int MachinesCount = 3;

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
