using TurnServer.Bench.Cluster.Faults;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster;

/// <summary>
/// A real cluster, of three etcds and three or four servers, while games are played on it and one part after the other
/// fails. How long games pause is printed and not asserted: it depends on the machine.
/// </summary>
[Category("Slow"), NonParallelizable]
internal sealed class ClusterFaultsTests
{
    [TestCase(false, 4, 1, 3, 0)]
    [TestCase(true, 50, 2, 3, 0)]
    [TestCase(false, 8, 3, 4, 64)]
    public async Task No_turn_is_lost_or_doubled_and_no_player_dropped_whatever_fails(bool throughBalancer, int faults,
        int seed, int servers, int gameShards)
    {
        Tool.Require("etcd", "etcd-server");
        Tool.Require("ip", "iproute2");
        if (throughBalancer)
            Tool.Require("haproxy");
        if (!Networks.ArePossible)
            Tool.SkipOrFail("network namespaces need root");
        var options = new FaultsOptions
        {
            Faults = faults,
            Seed = seed,
            Servers = servers,
            GameShards = gameShards,
            ThroughBalancer = throughBalancer,
            HasNetworks = true,
            // Starts sooner than the JIT-compiled one, and is what operators install.
            Server = await PublishedServer.PathAsync(),
            Port = Ports.NextRange(FaultsOptions.PortsUsed),
        };
        var report = await FaultsRun.RunAsync(options, TestContext.Out, CancellationToken.None);
        await TestContext.Out.WriteLineAsync(report.Compose());
        Assert.Multiple(() =>
        {
            Assert.That(report.Problems, Is.Empty, $"seed {seed}");
            Assert.That(report.Faults, Has.Count.EqualTo(faults));
            Assert.That(report.Turns, Is.Positive);
            Assert.That(report.Pairings, Is.Positive);
            Assert.That(report.WrongPartners, Is.Zero);
            Assert.That(report.Lost + report.Doubled + report.OtherViolations, Is.Zero);
            Assert.That(report.Dropped, Is.Zero);
        });
    }
}
