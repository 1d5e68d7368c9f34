using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>
/// The scenarios with timeouts, played over HTTP against a cluster of three servers with shards, through each of them,
/// one after the other.
/// </summary>
[Category("Process"), Category("Slow"), NonParallelizable]
public sealed class ClusterShortScenarioTests
{
    private const int Shards = 64;

    private ServerCluster _cluster = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _cluster = await ServerCluster.StartAsync(Shards, ShortScenarios.Flags);

    [OneTimeTearDown]
    public async Task StopAsync() => await (_cluster?.DisposeAsync() ?? default);

    [TestCaseSource(nameof(Cases))]
    public async Task ShortScenario_PlayedThroughAServerOfACluster_Holds(object scenario, int through) => Assert.That(
        await ShortScenarios.PlayAsync((Scenario)scenario, _cluster.Servers[through].Url), Is.Empty);

    private static IEnumerable<TestCaseData> Cases() =>
        from through in Enumerable.Range(0, ServerCluster.Count)
        from found in ShortScenarios.All
        select new TestCaseData(found.Scenario, through)
            .SetName($"cluster, server {through}, {found.File}: {found.Scenario.Name}");
}
