using TurnServer.Actor;
using TurnServer.Admin.Metrics;
using TurnServer.Admin.Page;
using TurnServer.Admin.Status;

namespace TurnServer.Admin.Front;

/// <summary>Everything the operator's port serves, by path.</summary>
internal static class AdminEndpoints
{
    private const int OkStatus = 200;
    private const int UnavailableStatus = 503;

    public static IReadOnlyDictionary<string, AdminEndpoint> Of(ActorProbe probe, MetricsEndpoint metrics,
        StatusEndpoint status) => new Dictionary<string, AdminEndpoint>(StatusPage.Files())
        {
            ["/healthz"] = _ => CheckHealthAsync(probe),
            ["/metrics"] = metrics.HandleAsync,
            ["/status.json"] = status.HandleAsync,
        };

    /// <summary>The same check as <c>/healthz</c> on the players' port.</summary>
    internal static async ValueTask<AdminReply> CheckHealthAsync(ActorProbe probe)
    {
        var problem = await probe.CheckHealthAsync();
        return AdminReply.Line(problem is null ? OkStatus : UnavailableStatus, problem ?? "ok");
    }
}
