using Microsoft.Extensions.Logging;

namespace TurnServer.Tests.Support;

/// <summary>
/// Helpers for suspension tests. A clock that jumps simulates a suspended process; one that advances in steps, with the
/// actor awake in between, simulates passing time.
/// </summary>
internal static class SuspendedActor
{
    public static async Task AdvanceAsync(ActorDriver actor, TimeSpan time)
    {
        for (var left = time; left > TimeSpan.Zero; left -= TimeSpan.FromSeconds(1))
        {
            actor.Clock.Advance(TimeSpan.FromSeconds(1));
            await actor.Settle();
        }
    }

    public static Task<int> GamesAsync(ActorDriver actor) =>
        ActorDriver.Soon(actor.Actor.QueryAsync(table => table.GameCount));

    public static List<string> Warnings(ActorDriver actor) =>
        [.. actor.Log.Entries.Where(entry => entry.Level == LogLevel.Warning).Select(entry => entry.Text)];

    public static void AssertLogged(ActorDriver actor, TimeSpan gap)
    {
        Assert.That(Warnings(actor), Has.Count.EqualTo(1));
        Assert.That(Warnings(actor)[0], Does.Contain(FormattableString.Invariant($"for {gap.TotalSeconds:0.0} s")));
    }
}
