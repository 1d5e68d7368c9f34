using TurnServer.Actor;
using TurnServer.Admin.Metrics;
using TurnServer.Admin.Page;
using TurnServer.Admin.Status;

namespace TurnServer.Admin.Front;

/// <summary>The endpoints of the admin port by path: those below, and the status page with its files.</summary>
internal static class AdminEndpoints
{
    private const int OkStatus = 200;
    private const int UnavailableStatus = 503;

    public static IReadOnlyDictionary<string, AdminEndpoint> Create(ActorProbe probe, MetricsEndpoint metrics,
        StatusEndpoint status) => new Dictionary<string, AdminEndpoint>(StatusPage.Files())
        {
            ["/healthz"] = _ => CheckHealthAsync(probe),
            ["/metrics"] = metrics.HandleAsync,
            ["/status.json"] = status.HandleAsync,
        };

    /// <summary>Answers 200 "ok", or 503 and the problem, as <c>/healthz</c> on the players' port does.</summary>
    internal static async ValueTask<AdminReply> CheckHealthAsync(ActorProbe probe)
    {
        var problem = await probe.CheckHealthAsync();
        return AdminReply.Line(problem is null ? OkStatus : UnavailableStatus, problem ?? "ok");
    }
}
