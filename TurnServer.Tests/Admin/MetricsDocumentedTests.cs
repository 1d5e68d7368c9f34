using System.Text.RegularExpressions;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Admin;

/// <summary>What Admin/README.md says of metrics, compared with the server and with Prometheus itself.</summary>
internal sealed partial class MetricsDocumentedTests : AdminFixture
{
    private const string DocumentedTarget = "localhost:9180";

    private static readonly string Section = Repository.Read("TurnServer/Admin/README.md")
        .Split("\n## Metrics\n")[1];

    [Test]
    public async Task The_table_names_exactly_the_metrics_on_the_page()
    {
        var documented = Section.Split("\n### In a cluster\n")[0].Split('\n')
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => NamePattern().Matches(line.Split('|')[1].Split(" by ")[0]))
            .Select(match => "turnserver_" + match.Groups[1].Value);
        var served = (await Scrape.GetAsync(AdminPort)).Families
            .Where(name => name.StartsWith("turnserver_", StringComparison.Ordinal));
        Assert.That(documented, Is.EquivalentTo(served));
    }

    [Test]
    public async Task Every_series_in_an_alert_is_on_the_page()
    {
        var page = await Scrape.GetAsync(AdminPort);
        var used = SeriesPattern().Matches(Repository.Block(Section, "groups:")).Select(match => match.Value)
            .Distinct().ToList();
        Assert.That(used, Has.Count.GreaterThan(5));
        foreach (var name in used)
            Assert.That(page.Text, Does.Match($"(?m)^{name}[ {{]"));
    }

    [Test]
    public async Task Promtool_accepts_the_alerts()
    {
        var promtool = Tool.Require("promtool", "prometheus");
        using var folder = new TempFolder("turnserver-alerts-");
        var rules = folder.PathOf("rules.yml");
        await File.WriteAllTextAsync(rules, Repository.Block(Section, "groups:"));
        var (exitCode, output, errors) = await Tool.RunAsync(promtool, "check", "rules", rules);
        Assert.That(exitCode, Is.Zero, output + errors);
        Assert.That(output, Does.Contain("7 rules found"));
    }

    [Test, Category("Slow")]
    public async Task Prometheus_scrapes_the_server_as_documented()
    {
        var program = Tool.Require("prometheus");
        await using (var client = await RawHttp.ConnectAsync(Server.Port))
            await client.PostAsync("0,Ann,*,*,*");
        await using var prometheus = await PrometheusChild.StartAsync(program,
            Repository.Block(Section, "scrape_configs:")
                .Replace(DocumentedTarget, $"localhost:{AdminPort}", StringComparison.Ordinal)
                .Replace("15s", "1s", StringComparison.Ordinal));
        Assert.That(await prometheus.WaitForAsync("up{job=\"turnserver\"}"), Is.EqualTo("1"));
        Assert.That(await prometheus.WaitForAsync("turnserver_requests_total{reply=\"REGISTER_OK\"}"), Is.EqualTo("1"));
        Assert.That(await prometheus.WaitForAsync(
            "turnserver_request_duration_seconds_count{symbol=\"REGISTER\"}"), Is.EqualTo("1"));
        Assert.That(await prometheus.WaitForAsync("turnserver_actor_responding"), Is.EqualTo("1"));
    }

    [GeneratedRegex("`([a-z_]+)`")]
    private static partial Regex NamePattern();

    [GeneratedRegex("(turnserver|process)_[a-z_]+")]
    private static partial Regex SeriesPattern();
}
