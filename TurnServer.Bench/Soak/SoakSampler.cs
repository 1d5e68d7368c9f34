using System.Diagnostics;
using System.Globalization;
using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Soak;

/// <summary>Looks again and again at what the server has in use.</summary>
internal sealed class SoakSampler(MeasuredServer server, int adminPort, TimeSpan duration) : IDisposable
{
    // So many in all, and no more than a few a second.
    private const int SamplesWanted = 600;
    private const string HeapSeries = "dotnet_gc_heap_bytes ";
    private const double BytesPerMegabyte = 1 << 20;

    private static readonly TimeSpan IntervalMin = TimeSpan.FromMilliseconds(100);

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly Uri _metrics = new($"http://127.0.0.1:{adminPort}/metrics");
    private readonly List<SoakSample> _samples = [];

    public IReadOnlyList<SoakSample> Samples => _samples;

    /// <summary>Samples until the time is over or it is stopped.</summary>
    /// <exception cref="BenchException">The server has ended, or its admin port does not answer.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        var interval = duration / SamplesWanted;
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
            // That is how it ends early.
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<double> HeapMegabytesAsync(CancellationToken stop)
    {
        try
        {
            var page = await _http.GetStringAsync(_metrics, stop);
            var start = page.IndexOf("\n" + HeapSeries, StringComparison.Ordinal) + 1 + HeapSeries.Length;
            var end = page.IndexOf('\n', start);
            return double.Parse(page.AsSpan(start, end - start), CultureInfo.InvariantCulture) / BytesPerMegabyte;
        }
        catch (Exception e) when (e is HttpRequestException
            || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            throw new BenchException($"the server's admin port {adminPort} does not answer: {e.Message}");
        }
    }
}
