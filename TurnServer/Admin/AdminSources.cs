using TurnServer.Actor;
using TurnServer.Cluster;
using TurnServer.Http;
using TurnServer.Journal;
using TurnServer.Metrics;
using TurnServer.Service;

namespace TurnServer.Admin;

/// <summary>What the admin server shows.</summary>
internal sealed record AdminSources
{
    public required string Version { get; init; }

    public required IReadOnlyList<Setting> Settings { get; init; }

    public required ServerLimits Limits { get; init; }

    /// <summary>Who has the table.</summary>
    public required ITableQueries Table { get; init; }

    public required HttpFront Http { get; init; }

    public required JournalCounters Journal { get; init; }

    /// <summary>The registry that requests are counted in.</summary>
    public required MetricsRegistry Metrics { get; init; }

    /// <summary>The cluster; null: the server is none's.</summary>
    public Func<ClusterStatus>? Cluster { get; init; }
}

/// <summary>What the statistics are compared with.</summary>
internal sealed record ServerLimits
{
    public required int Players { get; init; }

    public required int Games { get; init; }

    public int MailboxMessages { get; init; } = TurnActor.MailboxCapacity;

    public required int Connections { get; init; }

    public int Descriptors { get; init; } = FileDescriptors.Limit();

    /// <summary>The memory of the machine, or of the control group.</summary>
    public long MemoryBytes { get; init; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>The processor cores that this process may use.</summary>
    public int Cores { get; init; } = Environment.ProcessorCount;
}
