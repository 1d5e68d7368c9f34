using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>
/// The scenarios with timeouts, played over HTTP and over a WebSocket. As they sleep in real time, all run at once,
/// each against its own server, and the tests await the results.
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

    private readonly Dictionary<(string Name, bool IsSocket), Task<IReadOnlyList<string>>> _played = [];
    private ServerChild[] _servers = [];

    [OneTimeSetUp]
    public async Task PlayAll()
    {
        var scenarios = Scenario.InFolder("scenarios-short").Select(found => found.Scenario).ToArray();
        var plays = scenarios.SelectMany(scenario => new[] { (scenario, false), (scenario, true) }).ToArray();
        // All servers start before anything is played: their load would delay the steps.
        _servers = new ServerChild[plays.Length];
        for (var i = 0; i < plays.Length; i++)
            _servers[i] = await ServerChild.StartAsync(Flags);
        for (var i = 0; i < plays.Length; i++)
        {
            var (scenario, isSocket) = plays[i];
            _played[(scenario.Name, isSocket)] = isSocket
                ? PlayOverSocketAsync(scenario, _servers[i])
                : PlayAsync(scenario, _servers[i].Url);
        }
    }

    [OneTimeTearDown]
    public async Task StopServers()
    {
        foreach (var server in _servers.OfType<ServerChild>())
            await server.DisposeAsync();
    }

    [TestCaseSource(nameof(HttpCases))]
    public async Task ShortScenario_PlayedOverHttp_Holds(string name) =>
        Assert.That(await _played[(name, false)], Is.Empty);

    [TestCaseSource(nameof(SocketCases))]
    public async Task ShortScenario_PlayedOverAWebSocket_Holds(string name) =>
        Assert.That(await _played[(name, true)], Is.Empty);

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

    private static async Task<IReadOnlyList<string>> PlayOverSocketAsync(Scenario scenario, ServerChild server)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var socket = new SocketScenarioServer(() => RawWebSocket.ConnectAsync(server.Port),
                new HttpScenarioServer(server.Url));
            var differences = await new ScenarioPlayer(socket).PlayAsync(scenario.Steps);
            if (differences.Count == 0 || attempt == AttemptsMax || socket.LongestDelay < DelayMax)
                return differences;
            await socket.SleepAsync(TimeSpan.FromSeconds(5));
        }
    }

    private static IEnumerable<TestCaseData> SocketCases() => Cases("WebSocket");

    private static IEnumerable<TestCaseData> HttpCases() => Cases("HTTP");

    private static IEnumerable<TestCaseData> Cases(string how) => Scenario.InFolder("scenarios-short")
        .Select(found => new TestCaseData(found.Scenario.Name).SetName($"{how}, {found.File}: {found.Scenario.Name}"));
}
