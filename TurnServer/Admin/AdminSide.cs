using Microsoft.Extensions.Logging;
using Prometheus;
using TurnServer.Actor;
using TurnServer.Http;

namespace TurnServer.Admin;

/// <summary>All of the operator's side: the metrics, the status with its past, and the port that shows them.</summary>
internal sealed class AdminSide : IDisposable
{
    private readonly Status _status;
    private readonly AdminFront _front;

    private AdminSide(Status status, AdminFront front) => (_status, _front) = (status, front);

    /// <summary>
    /// Starts to listen; after <see cref="HttpFront.StartAsync"/>. Nothing is answered before <see cref="RunAsync"/>.
    /// </summary>
    /// <param name="options">Where; it must be on.</param>
    /// <param name="sources">What is shown.</param>
    /// <param name="registry">Where <see cref="HttpMeters"/> counts.</param>
    /// <param name="log">For what fails.</param>
    /// <exception cref="CannotListenException">It cannot listen; the message is for the operator.</exception>
    public static AdminSide Start(AdminOptions options, StatusSources sources, CollectorRegistry registry, ILogger log)
    {
        var clock = TimeProvider.System;
        var probe = new ActorProbe(sources.Actor.CountAsync, clock);
        var metrics = new MetricsPage(registry, sources.Version, probe, sources.Front.Count);
        var status = new Status(sources, probe, clock);
        return new AdminSide(status, AdminFront.Start(options, AdminPages.Of(probe, metrics, status), log));
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
