using TurnServer.Actor;

namespace TurnServer.Admin;

/// <summary>What there is on the operator's side, by path.</summary>
internal static class AdminPages
{
    /// <summary>How long a page waits for the actor.</summary>
    private static readonly TimeSpan ActorPatience = TimeSpan.FromSeconds(1);

    public static IReadOnlyDictionary<string, AdminPage> Of(TurnActor actor, MetricsPage metrics, Status status) =>
        new Dictionary<string, AdminPage>(StatusPage.Files())
        {
            ["/healthz"] = async _ =>
            {
                await actor.InquireAsync(_ => true).WaitAsync(ActorPatience);
                return AdminReply.Line(200, "ok");
            },
            ["/metrics"] = metrics.ComposeAsync,
            ["/status.json"] = status.ComposeAsync,
        };
}
