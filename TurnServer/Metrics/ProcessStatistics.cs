namespace TurnServer.Metrics;

/// <summary>What the process uses of its machine.</summary>
internal sealed record ProcessStatistics
{
    /// <summary>Processor time since the start.</summary>
    public required TimeSpan Cpu { get; init; }

    /// <summary>How long the garbage collector has stopped all threads since the start.</summary>
    public required TimeSpan GcPause { get; init; }

    /// <summary>Bytes allocated on the managed heap since the start.</summary>
    public required long AllocatedBytes { get; init; }

    /// <summary>Physical memory in use.</summary>
    public required long ResidentBytes { get; init; }

    /// <summary>Managed memory in use, garbage included.</summary>
    public required long HeapBytes { get; init; }

    /// <summary>The size of the managed heap after the last collection.</summary>
    public required long CollectedHeapBytes { get; init; }

    /// <summary>Threads of the pool.</summary>
    public required int PoolThreads { get; init; }

    /// <summary>Work items that wait for a thread of the pool.</summary>
    public required long PoolQueue { get; init; }

    /// <summary>Open file descriptors.</summary>
    public required int Descriptors { get; init; }

    /// <summary>Reads everything but the descriptors, which take longer to count.</summary>
    public static ProcessStatistics Read(int descriptors) => new()
    {
        Cpu = OperatingSystem.IsLinux() ? Environment.CpuUsage.TotalTime : default,
        GcPause = GC.GetTotalPauseDuration(),
        AllocatedBytes = GC.GetTotalAllocatedBytes(),
        ResidentBytes = Environment.WorkingSet,
        HeapBytes = GC.GetTotalMemory(forceFullCollection: false),
        CollectedHeapBytes = GC.GetGCMemoryInfo().HeapSizeBytes,
        PoolThreads = ThreadPool.ThreadCount,
        PoolQueue = ThreadPool.PendingWorkItemCount,
        Descriptors = descriptors,
    };
}
