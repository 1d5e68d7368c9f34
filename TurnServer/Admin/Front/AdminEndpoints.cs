using TurnServer.Actor;
using TurnServer.Admin.Metrics;
using TurnServer.Admin.Page;
using TurnServer.Admin.Status;

namespace TurnServer.Admin.Front;

/// <summary>What there is on the operator's side, by path.</summary>
internal static class AdminEndpoints
{
    private const int OkStatus = 200;
    private const int UnavailableStatus = 503;

    public static IReadOnlyDictionary<string, AdminEndpoint> Of(ActorProbe probe, MetricsEndpoint metrics,
        StatusEndpoint status) =>
        new Dictionary<string, AdminEndpoint>(StatusPage.Files())
        {
            ["/healthz"] = _ => CheckHealthAsync(probe),
            ["/metrics"] = metrics.ComposeAsync,
            ["/status.json"] = status.ComposeAsync,
        };

    /// <summary>Says what <c>/healthz</c> on the players' port says.</summary>
    internal static async ValueTask<AdminReply> CheckHealthAsync(ActorProbe probe)
    {
        var trouble = await probe.CheckHealthAsync();
        return AdminReply.Line(trouble is null ? OkStatus : UnavailableStatus, trouble ?? "ok");
    }
}
