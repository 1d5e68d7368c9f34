using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>
/// The wire scenarios, played over HTTP against a cluster of three servers with shards: through each of them, and
/// through all by turns. They are played one after the other, as strangers would meet otherwise.
/// </summary>
[Category("Process")]
public sealed class ClusterScenarioTests
{
    private const int Shards = 64;

    private ServerCluster _cluster = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _cluster = await ServerCluster.StartAsync(Shards);

    [OneTimeTearDown]
    public async Task StopAsync() => await (_cluster?.DisposeAsync() ?? default);

    [TestCaseSource(nameof(CasesOfOneServer)), Category("Slow")]
    public async Task Scenario_PlayedThroughAServerOfACluster_Holds(object scenario, int through)
    {
        using var server = new HttpScenarioServer(_cluster.Servers[through].Url);
        Assert.That(await new ScenarioPlayer(server).PlayAsync(((Scenario)scenario).Steps), Is.Empty);
    }

    [TestCaseSource(nameof(CasesOfAllServers))]
    public async Task Scenario_PlayedThroughAllServersOfACluster_Holds(object scenario)
    {
        var servers = _cluster.Servers.Select(server => new HttpScenarioServer(server.Url)).ToList();
        try
        {
            var player = new ScenarioPlayer(new MixedScenarioServer(servers));
            Assert.That(await player.PlayAsync(((Scenario)scenario).Steps), Is.Empty);
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
        }
    }

    private static IEnumerable<TestCaseData> CasesOfOneServer() =>
        from through in Enumerable.Range(0, ServerCluster.Count)
        from found in Scenario.InFolder("scenarios")
        select new TestCaseData(found.Scenario, through)
            .SetName($"cluster, server {through}, {found.File}: {found.Scenario.Name}");

    private static IEnumerable<TestCaseData> CasesOfAllServers() => Scenario.InFolder("scenarios").Select(found =>
        new TestCaseData(found.Scenario).SetName($"cluster, all servers, {found.File}: {found.Scenario.Name}"));
}
