using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>The wire scenarios, played over a WebSocket, and over HTTP and a WebSocket by turns.</summary>
public sealed class ScenarioSocketTests : ServerFixture
{
    [TestCaseSource(nameof(Cases), new object[] { "WebSocket" })]
    public async Task Scenario_PlayedOverAWebSocket_Holds(object scenario)
    {
        await using var server = Open();
        await PlayAsync(server, scenario);
    }

    [TestCaseSource(nameof(Cases), new object[] { "mixed" })]
    public async Task Scenario_PlayedOverBoth_Holds(object scenario)
    {
        using var http = new HttpScenarioServer(Server.Url);
        await using var socket = Open();
        await PlayAsync(new MixedScenarioServer(http, socket), scenario);
    }

    private static async Task PlayAsync(IScenarioServer server, object scenario) =>
        Assert.That(await new ScenarioPlayer(server).PlayAsync(((Scenario)scenario).Steps), Is.Empty);

    private SocketScenarioServer Open() =>
        new(() => RawWebSocket.ConnectAsync(Server.Port), new HttpScenarioServer(Server.Url));

    private static IEnumerable<TestCaseData> Cases(string how) => Scenario.InFolder("scenarios")
        .Select(found => new TestCaseData(found.Scenario).SetName($"{how}, {found.File}: {found.Scenario.Name}"));
}
