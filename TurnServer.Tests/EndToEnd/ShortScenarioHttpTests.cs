using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>
/// The scenarios with timeouts, played over HTTP and over a WebSocket. As they sleep in real time, all run at once,
/// each against its own server, and the tests await the results.
/// </summary>
[Category("Process")]
public sealed class ShortScenarioHttpTests
{
    private readonly Dictionary<(string Name, bool IsSocket), Task<IReadOnlyList<string>>> _played = [];
    private ServerChild[] _servers = [];

    [OneTimeSetUp]
    public async Task PlayAll()
    {
        var scenarios = ShortScenarios.All.Select(found => found.Scenario).ToArray();
        var plays = scenarios.SelectMany(scenario => new[] { (scenario, false), (scenario, true) }).ToArray();
        // All servers start before anything is played: their load would delay the steps.
        _servers = new ServerChild[plays.Length];
        for (var i = 0; i < plays.Length; i++)
            _servers[i] = await ServerChild.StartAsync(ShortScenarios.Flags);
        for (var i = 0; i < plays.Length; i++)
        {
            var (scenario, isSocket) = plays[i];
            _played[(scenario.Name, isSocket)] = isSocket
                ? PlayOverSocketAsync(scenario, _servers[i])
                : ShortScenarios.PlayAsync(scenario, _servers[i].Url);
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

    private static async Task<IReadOnlyList<string>> PlayOverSocketAsync(Scenario scenario, ServerChild server)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var socket = new SocketScenarioServer(() => RawWebSocket.ConnectAsync(server.Port),
                new HttpScenarioServer(server.Url));
            var differences = await new ScenarioPlayer(socket).PlayAsync(scenario.Steps);
            if (differences.Count == 0 || attempt == ShortScenarios.AttemptsMax
                || socket.LongestDelay < ShortScenarios.DelayMax)
            {
                return differences;
            }

            await socket.SleepAsync(ShortScenarios.Timeouts);
        }
    }

    private static IEnumerable<TestCaseData> SocketCases() => Cases("WebSocket");

    private static IEnumerable<TestCaseData> HttpCases() => Cases("HTTP");

    private static IEnumerable<TestCaseData> Cases(string how) => ShortScenarios.All
        .Select(found => new TestCaseData(found.Scenario.Name).SetName($"{how}, {found.File}: {found.Scenario.Name}"));
}
