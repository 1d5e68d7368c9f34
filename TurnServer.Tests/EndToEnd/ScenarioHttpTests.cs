using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>The wire scenarios, played over HTTP against one server process, one after the other.</summary>
[Category("Process")]
public sealed class ScenarioHttpTests
{
    private ServerChild _server = null!;

    [OneTimeSetUp]
    public async Task StartServer() => _server = await ServerChild.StartAsync();

    [OneTimeTearDown]
    public async Task StopServer() => await _server.DisposeAsync();

    [TestCaseSource(nameof(Cases))]
    public async Task Scenario_PlayedOverHttp_Holds(object scenario)
    {
        using var server = new HttpScenarioServer(_server.Url);
        var player = new ScenarioPlayer(server);
        Assert.That(await player.PlayAsync(((Scenario)scenario).Steps), Is.Empty);
    }

    private static IEnumerable<TestCaseData> Cases() => Scenario.InFolder("scenarios")
        .Select(found => new TestCaseData(found.Scenario).SetName($"HTTP, {found.File}: {found.Scenario.Name}"));
}
