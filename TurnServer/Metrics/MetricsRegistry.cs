using Prometheus;

namespace TurnServer.Metrics;

/// <summary>
/// All metrics of one server, in Prometheus' formats. This room alone knows the library that writes them.
/// </summary>
public sealed class MetricsRegistry
{
    private readonly CollectorRegistry _registry = new();

    /// <summary>An empty registry.</summary>
    public MetricsRegistry()
    {
        var factory = Prometheus.Metrics.WithCustomRegistry(_registry);
        factory.ExemplarBehavior = ExemplarBehavior.NoExemplars();
        Factory = factory;
    }

    internal IMetricFactory Factory { get; }

    /// <summary>Adds what the library itself reads of the process, such as its processor time.</summary>
    public void AddProcess() => DotNetStats.Register(_registry);

    /// <summary>The page: every series and its value.</summary>
    /// <param name="isOpenMetrics">Whether in OpenMetrics rather than in the older text format.</param>
    public async Task<byte[]> ExportAsync(bool isOpenMetrics)
    {
        using var page = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(page,
            isOpenMetrics ? ExpositionFormat.OpenMetricsText : ExpositionFormat.PrometheusText);
        return page.ToArray();
    }
}
