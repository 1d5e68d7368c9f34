using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>
/// The scenarios about timeouts, over HTTP. They really sleep, so all of them run at once, each against a server of its
/// own, and the tests collect what they found.
/// </summary>
[Category("Process")]
public sealed class ShortScenarioHttpTests
{
    // The scenarios leave 0.3 s between a sleep and the timeout that must, or must not, have struck.
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
        // Started one by one before anything is played: to start is most of the work, and would stretch the sleeps.
        _servers = new ServerChild[scenarios.Length];
        for (var i = 0; i < scenarios.Length; i++)
            _servers[i] = await ServerChild.StartAsync(Flags);
        for (var i = 0; i < scenarios.Length; i++)
            _played[scenarios[i].Name] = PlayAsync(scenarios[i], _servers[i].Url);
    }

    [OneTimeTearDown]
    public async Task EndServers()
    {
        foreach (var server in _servers.OfType<ServerChild>())
            await server.DisposeAsync();
    }

    [TestCaseSource(nameof(Cases))]
    public async Task ShortScenario_PlayedOverHttp_Holds(string name) => Assert.That(await _played[name], Is.Empty);

    // Differences count only when time ran as it should: a machine that stood still is another matter.
    private static async Task<IReadOnlyList<string>> PlayAsync(Scenario scenario, Uri url)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var server = new HttpScenarioServer(url);
            var faults = await new ScenarioPlayer(server).PlayAsync(scenario.Steps);
            if (faults.Count == 0 || attempt == AttemptsMax || server.LongestDelay < DelayMax)
                return faults;
            // What the attempt left behind falls silent.
            await server.SleepAsync(TimeSpan.FromSeconds(5));
        }
    }

    private static IEnumerable<TestCaseData> Cases() => Scenario.InFolder("scenarios-short")
        .Select(found => new TestCaseData(found.Scenario.Name).SetName($"HTTP, {found.File}: {found.Scenario.Name}"));
}
