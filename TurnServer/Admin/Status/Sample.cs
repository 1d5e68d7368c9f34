using TurnServer.Actor;

namespace TurnServer.Admin.Status;

/// <summary>All counts at one moment.</summary>
internal sealed record Sample
{
    /// <summary>When it was taken, by the sampler's clock: the time since its start.</summary>
    public required TimeSpan At { get; init; }

    public required HttpCounts Http { get; init; }

    public required ProcessStatistics Process { get; init; }

    /// <summary>Null when the actor did not answer.</summary>
    public required ActorStatistics? Actor { get; init; }
}

/// <summary>What the process takes of its machine.</summary>
internal sealed record ProcessStatistics
{
    /// <summary>Processor time since the start.</summary>
    public required TimeSpan Cpu { get; init; }

    /// <summary>The time since the start for which the garbage collector stopped everything.</summary>
    public required TimeSpan GcPause { get; init; }

    /// <summary>Physical memory in use.</summary>
    public required long ResidentBytes { get; init; }

    /// <summary>Managed memory in use; some of it may be garbage.</summary>
    public required long HeapBytes { get; init; }

    /// <summary>Threads of the pool.</summary>
    public required int PoolThreads { get; init; }

    /// <summary>Open file descriptors, possibly counted some seconds ago.</summary>
    public required int Descriptors { get; init; }

    /// <summary>As of now, but for the descriptors, which take time to count.</summary>
    public static ProcessStatistics Take(int descriptors) => new()
    {
        Cpu = OperatingSystem.IsLinux() ? Environment.CpuUsage.TotalTime : default,
        GcPause = GC.GetTotalPauseDuration(),
        ResidentBytes = Environment.WorkingSet,
        HeapBytes = GC.GetTotalMemory(forceFullCollection: false),
        PoolThreads = ThreadPool.ThreadCount,
        Descriptors = descriptors,
    };
}
