using TurnServer.Actor;

namespace TurnServer.Admin;

/// <summary>What there is on the operator's side, by path.</summary>
internal static class AdminPages
{
    private const int OkStatus = 200;
    private const int UnavailableStatus = 503;

    public static IReadOnlyDictionary<string, AdminPage> Of(ActorProbe probe, MetricsPage metrics, Status status) =>
        new Dictionary<string, AdminPage>(StatusPage.Files())
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
