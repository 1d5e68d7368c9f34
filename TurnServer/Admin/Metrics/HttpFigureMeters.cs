using Prometheus;
using TurnServer.Http;

namespace TurnServer.Admin.Metrics;

/// <summary>
/// What the HTTP side says of itself when asked, as series; <see cref="HttpMeters"/> counts the rest.
/// </summary>
internal sealed class HttpFigureMeters
{
    private readonly Gauge _underWay;
    private readonly Gauge _connections;
    private readonly Gauge _connectionsMax;
    private readonly Counter.Child _slowHeads;
    private readonly Counter.Child _shed;
    private readonly Counter _acceptFailures;

    public HttpFigureMeters(IMetricFactory factory)
    {
        _underWay = factory.CreateGauge("turnserver_requests_in_progress",
            "Requests that are being answered, held ones included.");
        _connections = factory.CreateGauge("turnserver_connections", "Open connections of players.",
            new GaugeConfiguration { SuppressInitialValue = true });
        _connectionsMax = factory.CreateGauge("turnserver_connections_max",
            "The most connections of players that may be open.");
        var closed = factory.CreateCounter("turnserver_connections_closed_total",
            "Connections closed on players: a head that was too slow or too long, or too many connections.", ["cause"]);
        _slowHeads = closed.WithLabels("slow_head");
        _shed = closed.WithLabels("over_limit");
        _acceptFailures = factory.CreateCounter("turnserver_accept_failures_total",
            "Failures to accept a request, each tried again.");
    }

    /// <summary>Takes these figures over.</summary>
    public void Show(HttpStatistics figures)
    {
        _underWay.Set(figures.UnderWay);
        if (figures.Connections is { } connections)
            _connections.Set(connections);
        _connectionsMax.Set(figures.ConnectionsMax);
        _slowHeads.IncTo(figures.SlowHeads);
        _shed.IncTo(figures.ConnectionsShed);
        _acceptFailures.IncTo(figures.AcceptFailures);
    }
}
