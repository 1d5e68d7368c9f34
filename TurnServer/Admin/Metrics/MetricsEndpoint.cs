using System.Net.Http.Headers;
using Prometheus;
using TurnServer.Actor;
using TurnServer.Admin.Front;
using TurnServer.Http;

namespace TurnServer.Admin.Metrics;

/// <summary>The figures of the whole server, for Prometheus and those that read its formats.</summary>
internal sealed class MetricsEndpoint
{
    private const string OpenMetricsType = "application/openmetrics-text";
    private const string TextType = "text/plain";

    private readonly CollectorRegistry _registry;
    private readonly ActorProbe _probe;
    private readonly Func<HttpStatistics> _countHttp;
    private readonly ActorMeters _actorMeters;
    private readonly HttpFigureMeters _httpMeters;
    private readonly ProcessMeters _processMeters;

    /// <summary>A page of what is in this registry and what these tell when asked.</summary>
    public MetricsEndpoint(CollectorRegistry registry, string version, ActorProbe probe, Func<HttpStatistics> countHttp)
    {
        _registry = registry;
        _probe = probe;
        _countHttp = countHttp;
        var factory = Prometheus.Metrics.WithCustomRegistry(registry);
        factory.ExemplarBehavior = ExemplarBehavior.NoExemplars();
        factory.CreateGauge("turnserver_build_info", "Always 1; the label says which version runs.", ["version"])
            .WithLabels(version).Set(1);
        _actorMeters = new ActorMeters(factory);
        _httpMeters = new HttpFigureMeters(factory);
        _processMeters = new ProcessMeters(registry, factory);
    }

    /// <summary>
    /// The page, in the text format, or in OpenMetrics where that is preferred. Status 200 even when the actor does not
    /// answer: that is when the other figures are needed.
    /// </summary>
    public async ValueTask<AdminReply> ComposeAsync(AdminRequest request)
    {
        // Not by the registry's callbacks: they pass over what fails.
        _actorMeters.Show(await _probe.CountAsync());
        _httpMeters.Show(_countHttp());
        _processMeters.Update();
        var isOpenMetrics = PrefersOpenMetrics(request.Accept);
        using var page = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(page,
            isOpenMetrics ? ExpositionFormat.OpenMetricsText : ExpositionFormat.PrometheusText);
        var contentType = isOpenMetrics
            ? $"{OpenMetricsType}; version=1.0.0; charset=utf-8"
            : $"{TextType}; version=0.0.4; charset=utf-8";
        return new AdminReply(200, contentType, page.ToArray());
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
