using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Admin.Front;
using TurnServer.Admin.Metrics;
using TurnServer.Admin.Status;
using TurnServer.Http;

namespace TurnServer.Admin;

/// <summary>The admin port with everything behind it: health, metrics, and status with its history.</summary>
internal sealed class AdminServer : IDisposable
{
    private readonly StatusEndpoint _status;
    private readonly AdminFront _front;

    private AdminServer(StatusEndpoint status, AdminFront front) => (_status, _front) = (status, front);

    /// <summary>
    /// Starts to listen; to be called after <see cref="HttpFront.StartAsync"/>. Requests wait until <see
    /// cref="RunAsync"/>.
    /// </summary>
    /// <param name="options">Where to listen; the admin port must be enabled.</param>
    /// <param name="sources">What is shown.</param>
    /// <param name="log">For failures.</param>
    /// <exception cref="CannotListenException">The port cannot be used; the message is for the operator.</exception>
    public static AdminServer Start(AdminOptions options, AdminSources sources, ILogger log)
    {
        var clock = TimeProvider.System;
        var probe = new ActorProbe(sources.Table.GetStatisticsAsync, clock);
        var samples = new SampleSource(probe, sources.Http.GetStatistics, sources.Journal.Read, clock,
            sources.Cluster);
        var metrics = new MetricsEndpoint(sources.Metrics, sources.Version, samples);
        var status = new StatusEndpoint(sources, samples, clock);
        return new AdminServer(status, AdminFront.Start(options, AdminEndpoints.Create(probe, metrics, status), log));
    }

    /// <summary>Takes samples and answers until the server stops; fails when either does.</summary>
    public async Task RunAsync(CancellationToken stop) =>
        await await Task.WhenAny(_front.RunAsync(), _status.RunAsync(stop));

    public void Dispose()
    {
        _front.Dispose();
        _status.Dispose();
    }
}
