using System.Diagnostics;
using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Soak;

/// <summary>Memory and descriptors of the server at a moment.</summary>
/// <param name="At">Since the players started.</param>
/// <param name="ResidentMegabytes">RSS in MiB.</param>
/// <param name="HeapMegabytes">The managed heap after its last collection, in MiB.</param>
/// <param name="Descriptors">Open file descriptors, connections included.</param>
internal readonly record struct SoakSample(TimeSpan At, double ResidentMegabytes, double HeapMegabytes,
    double Descriptors);

/// <summary>Samples memory and descriptors of the server.</summary>
internal sealed class SoakSampler(MeasuredServer server, int adminPort, TimeSpan duration) : IDisposable
{
    // Number of samples, unless that is more than ten a second.
    private const int SamplesMax = 600;
    private const string HeapSeries = "dotnet_gc_heap_bytes";
    private const double BytesPerMegabyte = 1 << 20;

    private static readonly TimeSpan IntervalMin = TimeSpan.FromMilliseconds(100);

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly List<SoakSample> _samples = [];

    public IReadOnlyList<SoakSample> Samples => _samples;

    /// <summary>Samples until the time is over or it is stopped.</summary>
    /// <exception cref="BenchException">The server has ended, or its admin port does not answer.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        var interval = duration / SamplesMax;
        using var timer = new PeriodicTimer(interval > IntervalMin ? interval : IntervalMin);
        try
        {
            for (var watch = Stopwatch.StartNew(); watch.Elapsed < duration; await timer.WaitForNextTickAsync(stop))
            {
                var heap = await HeapMegabytesAsync(stop);
                _samples.Add(new SoakSample(watch.Elapsed, server.Usage.ResidentMegabytes, heap, server.Descriptors));
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Ended early.
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<double> HeapMegabytesAsync(CancellationToken stop) =>
        await MetricsPage.ReadAsync(_http, adminPort, HeapSeries, stop) / BytesPerMegabyte;
}
