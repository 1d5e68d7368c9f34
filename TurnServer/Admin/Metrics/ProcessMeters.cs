using Prometheus;
using TurnServer.Http;

namespace TurnServer.Admin.Metrics;

/// <summary>What the process and its runtime take, beyond what the library itself tells.</summary>
internal sealed class ProcessMeters
{
    private readonly Counter _gcPause;
    private readonly Counter _allocated;
    private readonly Gauge _heap;
    private readonly Gauge _poolThreads;
    private readonly Gauge _poolQueue;
    private readonly Gauge _resident;
    private readonly Gauge _descriptors;

    public ProcessMeters(CollectorRegistry registry, IMetricFactory factory)
    {
        DotNetStats.Register(registry);
        _gcPause = factory.CreateCounter("dotnet_gc_pause_seconds_total",
            "Time for which collections stopped all threads.");
        _allocated = factory.CreateCounter("dotnet_allocated_bytes_total", "Bytes allocated on the managed heap.");
        _heap = factory.CreateGauge("dotnet_gc_heap_bytes", "Size of the managed heap after the last collection.");
        _poolThreads = factory.CreateGauge("dotnet_threadpool_threads", "Threads of the thread pool.");
        _poolQueue = factory.CreateGauge("dotnet_threadpool_queue_items", "Work that waits for a thread of the pool.");
        _resident = factory.CreateGauge("process_resident_memory_bytes", "Physical memory in use.");
        _descriptors = factory.CreateGauge("process_open_fds", "Open file descriptors.");
        factory.CreateGauge("process_max_fds", "The most file descriptors that may be open.").Set(Descriptors.Limit());
    }

    /// <summary>Takes the figures of this moment.</summary>
    public void Update()
    {
        _gcPause.IncTo(GC.GetTotalPauseDuration().TotalSeconds);
        _allocated.IncTo(GC.GetTotalAllocatedBytes());
        _heap.Set(GC.GetGCMemoryInfo().HeapSizeBytes);
        _poolThreads.Set(ThreadPool.ThreadCount);
        _poolQueue.Set(ThreadPool.PendingWorkItemCount);
        _resident.Set(Environment.WorkingSet);
        _descriptors.Set(Descriptors.InUse());
    }
}
