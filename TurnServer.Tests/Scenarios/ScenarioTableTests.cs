using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Scenarios;

/// <summary>The wire scenarios, played against the rules alone.</summary>
public sealed class ScenarioTableTests
{
    /// <summary>The timeouts that the short scenarios assume.</summary>
    private static readonly RulesOptions Short = new()
    {
        PairingTimeout = TimeSpan.FromSeconds(1),
        LoadTimeout = TimeSpan.FromSeconds(1),
        GameTimeout = TimeSpan.FromSeconds(1),
        LongPairingTimeout = TimeSpan.FromSeconds(4),
    };

    [TestCaseSource(nameof(Plain))]
    public async Task Scenario_AgainstTheRules_Passes(object scenario) =>
        await PlayAsync((Scenario)scenario, new RulesOptions());

    [TestCaseSource(nameof(Timeouts))]
    public async Task ShortScenario_AgainstTheRules_Passes(object scenario) =>
        await PlayAsync((Scenario)scenario, Short);

    private static async Task PlayAsync(Scenario scenario, RulesOptions options)
    {
        var player = new ScenarioPlayer(new TableScenarioServer(new TableDriver(options)));
        Assert.That(await player.PlayAsync(scenario.Steps), Is.Empty);
    }

    private static IEnumerable<TestCaseData> Plain() => Cases("scenarios");

    private static IEnumerable<TestCaseData> Timeouts() => Cases("scenarios-short");

    private static IEnumerable<TestCaseData> Cases(string folder) => Scenario.InFolder(folder)
        .Select(found => new TestCaseData(found.Scenario).SetName($"Rules, {found.File}: {found.Scenario.Name}"));
}
