using TurnServer.Actor;
using TurnServer.Http;

namespace TurnServer.Admin.Status;

/// <summary>What the status page looks at.</summary>
internal sealed record StatusSources
{
    public required string Version { get; init; }

    public required IReadOnlyList<Setting> Settings { get; init; }

    public required StatusLimits Limits { get; init; }

    public required TurnActor Actor { get; init; }

    public required HttpFront Front { get; init; }

    public required HttpMeters Meters { get; init; }
}

/// <summary>What the figures are to be seen against.</summary>
internal sealed record StatusLimits
{
    public required int Players { get; init; }

    public required int Games { get; init; }

    public required int Connections { get; init; }

    public int MailboxMessages { get; init; } = TurnActor.MailboxCapacity;

    public int Descriptors { get; init; } = Http.Descriptors.Limit();

    /// <summary>What this process may use: the machine's, or its control group's.</summary>
    public long MemoryBytes { get; init; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Cores that this process may use.</summary>
    public int Cores { get; init; } = Environment.ProcessorCount;
}
