using Microsoft.Extensions.Logging;
using Prometheus;
using TurnServer.Actor;
using TurnServer.Admin.Front;
using TurnServer.Admin.Metrics;
using TurnServer.Admin.Status;
using TurnServer.Http;

namespace TurnServer.Admin;

/// <summary>All of the operator's side: the metrics, the status with its past, and the port that shows them.</summary>
internal sealed class AdminServer : IDisposable
{
    private readonly StatusEndpoint _status;
    private readonly AdminFront _front;

    private AdminServer(StatusEndpoint status, AdminFront front) => (_status, _front) = (status, front);

    /// <summary>
    /// Starts to listen; after <see cref="HttpFront.StartAsync"/>. Nothing is answered before <see cref="RunAsync"/>.
    /// </summary>
    /// <param name="options">Where; it must be on.</param>
    /// <param name="sources">What is shown.</param>
    /// <param name="registry">Where <see cref="HttpMeters"/> counts.</param>
    /// <param name="log">For what fails.</param>
    /// <exception cref="CannotListenException">It cannot listen; the message is for the operator.</exception>
    public static AdminServer Start(AdminOptions options, StatusSources sources, CollectorRegistry registry,
        ILogger log)
    {
        var clock = TimeProvider.System;
        var probe = new ActorProbe(sources.Actor.CountAsync, clock);
        var metrics = new MetricsEndpoint(registry, sources.Version, probe, sources.Front.Count);
        var status = new StatusEndpoint(sources, probe, clock);
        return new AdminServer(status, AdminFront.Start(options, AdminEndpoints.Of(probe, metrics, status), log));
    }

    /// <summary>Watches and answers until the server stops; fails when either does.</summary>
    public async Task RunAsync(CancellationToken stop) =>
        await await Task.WhenAny(_front.RunAsync(), _status.RunAsync(stop));

    public void Dispose()
    {
        _front.Dispose();
        _status.Dispose();
    }
}
