using System.Globalization;
using System.Text.RegularExpressions;
using TurnServer.Bench.Cluster.Cost;
using TurnServer.Bench.Cluster.Scale;
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
        string[] names =
            ["memory only", "--state-sync always", "cluster, owner", "cluster, standby", "cluster, 64 shards"];
        foreach (var name in names)
            Assert.That(report, Does.Match($"(?m)^round 1  {name} .*full speed [1-9]"));
        foreach (var figure in new[] { "at rest, turn: p50, ms", "full speed: updates a second" })
        {
            Assert.That(report,
                Does.Match($@"(?m)^{figure} +[<>] \d+( +\d[\d.]* \(\d[\d.]* to \d[\d.]*\)){{5}}$"));
        }
    }

    [Test]
    public async Task Nodes_ShortRun_PrintsEachFigureForEachSizeAndForEtcd()
    {
        Tool.Require("etcd", "etcd-server");
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var options = new CostOptions
        {
            Nodes = [2, 1],
            GameShards = 4,
            RunLength = TimeSpan.FromSeconds(1),
            Rounds = 1,
            Connections = 4,
            Port = Ports.NextRange(CostOptions.PortsUsed),
        };
        Assert.That(await CostCommand.RunAsync(options, output, errors), Is.Zero, errors.ToString());
        var report = output.ToString();
        foreach (var name in new[] { "2 servers", "1 server" })
            Assert.That(report, Does.Match($"(?m)^round 1  {name} +[1-9].* turns/s, .*; [1-9].* games/s"));
        // Of a game: start to its shard; seats, two ended registrations, the end of the game to the lobby, at least.
        Assert.That(Figures(report, "game: messages to its shard"), Has.All.InRange(1, 3));
        Assert.That(Figures(report, "game: messages to the lobby"), Has.All.InRange(4, 6));
        // Nine requests until a game has started.
        Assert.That(Figures(report, "game: records in the lobby's log"), Has.All.InRange(10, 20));
        Assert.That(Figures(report, "turn: records in an append"), Has.All.InRange(1, 2));
        Assert.That(Figures(report, "append: CPU of three etcds, ms"), Has.Exactly(StoreRate.All.Count).Positive);
    }

    // The medians.
    private static IEnumerable<double> Figures(string report, string title) =>
        Regex.Matches(Regex.Match(report, $"(?m)^{Regex.Escape(title)} .*$").Value, @"([\d.]+) \(")
            .Select(match => double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
}
