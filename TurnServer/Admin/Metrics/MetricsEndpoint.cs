using System.Net.Http.Headers;
using TurnServer.Admin.Front;
using TurnServer.Metrics;
using TurnServer.Service;

namespace TurnServer.Admin.Metrics;

/// <summary><c>/metrics</c>: the server's statistics for Prometheus.</summary>
internal sealed class MetricsEndpoint(MetricsRegistry registry, string version, SampleSource source)
{
    private const string OpenMetricsType = "application/openmetrics-text";
    private const string TextType = "text/plain";

    private readonly MetricSet<Sample> _metrics = ServerMetrics.In(registry, version, source.HasCluster);

    /// <summary>
    /// Composes the page, in OpenMetrics where that is preferred. Its status is 200 even when the actor does not
    /// answer, which is when the other metrics are needed.
    /// </summary>
    public async ValueTask<AdminReply> HandleAsync(AdminRequest request)
    {
        _metrics.Update(await source.TakeAsync(FileDescriptors.InUse));
        var isOpenMetrics = PrefersOpenMetrics(request.Accept);
        var contentType = isOpenMetrics
            ? $"{OpenMetricsType}; version=1.0.0; charset=utf-8"
            : $"{TextType}; version=0.0.4; charset=utf-8";
        return new AdminReply(200, contentType, await registry.ExportAsync(isOpenMetrics));
    }

    /// <summary>Whether this Accept header wants OpenMetrics at least as much as the older text format.</summary>
    internal static bool PrefersOpenMetrics(string? accept)
    {
        var (open, text) = (0.0, 0.0);
        foreach (var part in (accept ?? "").Split(','))
        {
            if (!MediaTypeWithQualityHeaderValue.TryParse(part, out var type))
                continue;
            var quality = type.Quality ?? 1;
            if (OpenMetricsType.Equals(type.MediaType, StringComparison.OrdinalIgnoreCase))
                open = Math.Max(open, quality);
            else if (TextType.Equals(type.MediaType, StringComparison.OrdinalIgnoreCase))
                text = Math.Max(text, quality);
        }

        return open > 0 && open >= text;
    }
}
