using TurnServer.Bench.Cluster.Cost;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Bench;

/// <summary>All of <c>bench cluster</c>, run for an instant: that it works, not what it measures.</summary>
[Category("Slow")]
internal sealed class ClusterCostTests
{
    [Test]
    public async Task Cluster_ShortRun_PrintsEachFigureForEachInstallation()
    {
        Tool.Require("etcd", "etcd-server");
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var options = new CostOptions
        {
            RunLength = TimeSpan.FromSeconds(1),
            Rounds = 1,
            Pairs = 4,
            Connections = 2,
            Port = Ports.NextRange(CostOptions.PortsUsed),
        };
        Assert.That(await CostCommand.RunAsync(options, output, errors), Is.Zero, errors.ToString());
        var report = output.ToString();
        foreach (var name in new[] { "memory only", "--state-sync always", "cluster, owner", "cluster, standby" })
            Assert.That(report, Does.Match($"(?m)^round 1  {name} .*full speed [1-9]"));
        foreach (var figure in new[] { "at rest, turn: p50, ms", "full speed: updates a second" })
        {
            Assert.That(report,
                Does.Match($@"(?m)^{figure} +[<>] \d+( +\d[\d.]* \(\d[\d.]* to \d[\d.]*\)){{4}}$"));
        }
    }
}
