namespace TurnServer.Tests.Support;

/// <summary>The scenarios with timeouts, which sleep in real time.</summary>
internal static class ShortScenarios
{
    /// <summary>The most times that a scenario is played again, because the machine stalled for too long.</summary>
    public const int AttemptsMax = 8;

    /// <summary>The flags of a server that they are played against.</summary>
    public static readonly string[] Flags =
    [
        "--pairing-timeout", "1", "--load-timeout", "1", "--game-timeout", "1", "--long-pairing-timeout", "4",
    ];

    /// <summary>
    /// How late each step may be: the scenarios leave 0.3 s between a sleep and a timeout that must, or must not, have
    /// expired, and a request before the sleep, the sleep and a request behind it may all be late.
    /// </summary>
    public static readonly TimeSpan DelayMax = TimeSpan.FromMilliseconds(90);

    /// <summary>Until all players of a scenario have timed out.</summary>
    public static readonly TimeSpan Timeouts = TimeSpan.FromSeconds(5);

    public static IEnumerable<(string File, Scenario Scenario)> All => Scenario.InFolder("scenarios-short");

    /// <summary>Plays a scenario over HTTP, again if the machine stalled. Returns the differences.</summary>
    public static async Task<IReadOnlyList<string>> PlayAsync(Scenario scenario, Uri url)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var server = new HttpScenarioServer(url);
            var differences = await new ScenarioPlayer(server).PlayAsync(scenario.Steps);
            if (differences.Count == 0 || attempt == AttemptsMax || server.LongestDelay < DelayMax)
                return differences;
            await server.SleepAsync(Timeouts);
        }
    }
}
