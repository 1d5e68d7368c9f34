using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>The wire scenarios, played over HTTP against one server process, one after the other.</summary>
public sealed class ScenarioHttpTests : ServerFixture
{
    [TestCaseSource(nameof(Cases))]
    public async Task Scenario_PlayedOverHttp_Holds(object scenario)
    {
        using var server = new HttpScenarioServer(Server.Url);
        var player = new ScenarioPlayer(server);
        Assert.That(await player.PlayAsync(((Scenario)scenario).Steps), Is.Empty);
    }

    private static IEnumerable<TestCaseData> Cases() => Scenario.InFolder("scenarios")
        .Select(found => new TestCaseData(found.Scenario).SetName($"HTTP, {found.File}: {found.Scenario.Name}"));
}
