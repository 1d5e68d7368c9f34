using Microsoft.Extensions.Logging;

namespace TurnServer.Tests.Support;

/// <summary>
/// What tests of an actor that could not run do with it. A clock that jumps is a process that stood still; one that is
/// turned in steps, with the actor awake between them, is time that passes.
/// </summary>
internal static class SuspendedActor
{
    public static async Task PassAsync(ActorDriver actor, TimeSpan time)
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

    public static void AssertSaid(ActorDriver actor, TimeSpan gap)
    {
        Assert.That(Warnings(actor), Has.Count.EqualTo(1));
        Assert.That(Warnings(actor)[0], Does.Contain(FormattableString.Invariant($"for {gap.TotalSeconds:0.0} s")));
    }
}
