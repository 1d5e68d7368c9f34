using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>
/// The scenarios with timeouts, played over HTTP. As they sleep in real time, all run at once, each against its own
/// server, and the tests await the results.
/// </summary>
[Category("Process")]
public sealed class ShortScenarioHttpTests
{
    // The scenarios leave 0.3 s between a sleep and a timeout that must, or must not, have expired.
    private static readonly TimeSpan DelayMax = TimeSpan.FromMilliseconds(150);
    private const int AttemptsMax = 4;

    private static readonly string[] Flags =
    [
        "--pairing-timeout", "1", "--load-timeout", "1", "--game-timeout", "1", "--long-pairing-timeout", "4",
    ];

    private readonly Dictionary<string, Task<IReadOnlyList<string>>> _played = [];
    private ServerChild[] _servers = [];

    [OneTimeSetUp]
    public async Task PlayAll()
    {
        var scenarios = Scenario.InFolder("scenarios-short").Select(found => found.Scenario).ToArray();
        // All servers start before anything is played: their load would delay the steps.
        _servers = new ServerChild[scenarios.Length];
        for (var i = 0; i < scenarios.Length; i++)
            _servers[i] = await ServerChild.StartAsync(Flags);
        for (var i = 0; i < scenarios.Length; i++)
            _played[scenarios[i].Name] = PlayAsync(scenarios[i], _servers[i].Url);
    }

    [OneTimeTearDown]
    public async Task StopServers()
    {
        foreach (var server in _servers.OfType<ServerChild>())
            await server.DisposeAsync();
    }

    [TestCaseSource(nameof(Cases))]
    public async Task ShortScenario_PlayedOverHttp_Holds(string name) => Assert.That(await _played[name], Is.Empty);

    // A scenario is played again if the machine stalled for too long.
    private static async Task<IReadOnlyList<string>> PlayAsync(Scenario scenario, Uri url)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var server = new HttpScenarioServer(url);
            var differences = await new ScenarioPlayer(server).PlayAsync(scenario.Steps);
            if (differences.Count == 0 || attempt == AttemptsMax || server.LongestDelay < DelayMax)
                return differences;
            // The players of this attempt time out.
            await server.SleepAsync(TimeSpan.FromSeconds(5));
        }
    }

    private static IEnumerable<TestCaseData> Cases() => Scenario.InFolder("scenarios-short")
        .Select(found => new TestCaseData(found.Scenario.Name).SetName($"HTTP, {found.File}: {found.Scenario.Name}"));
}
