using System.Text;
using System.Text.RegularExpressions;
using TurnServer.Actor;
using TurnServer.Admin;
using TurnServer.Admin.Front;
using TurnServer.Admin.Metrics;
using TurnServer.Cluster;
using TurnServer.Journal;
using TurnServer.Metrics;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Admin;

/// <summary>The metrics of a server of a cluster.</summary>
internal sealed partial class ClusterMetricsTests
{
    private ClusterStatus _cluster = null!;

    [SetUp]
    public void SetUp() => _cluster = ClusterSamples.Status(behind: 7);

    [TestCase("turnserver_cluster_is_owner", 1)]
    [TestCase("turnserver_cluster_epoch", 3)]
    [TestCase("turnserver_cluster_members", 2)]
    [TestCase("turnserver_cluster_position", 5000)]
    [TestCase("turnserver_cluster_behind_batches", 0)]
    [TestCase("turnserver_cluster_takeovers_total{cause=\"owner_gone\"}", 1)]
    [TestCase("turnserver_cluster_takeovers_total{cause=\"handed_over\"}", 0)]
    [TestCase("turnserver_cluster_appends_total", 10)]
    [TestCase("turnserver_cluster_append_bytes_total", 2000)]
    [TestCase("turnserver_cluster_append_failures_total", 2)]
    [TestCase("turnserver_cluster_append_seconds_total", 0.04)]
    [TestCase("turnserver_cluster_snapshot_bytes", 77)]
    [TestCase("turnserver_etcd_up{endpoint=\"http://10.0.0.1:2379\"}", 1)]
    [TestCase("turnserver_etcd_database_bytes{endpoint=\"http://10.0.0.1:2379\"}", 500)]
    public async Task A_series_has_its_exact_value(string series, double value) =>
        Assert.That((await ScrapeAsync(Endpoint(true)))[series], Is.EqualTo(value));

    [Test]
    public async Task A_standby_is_no_owner_and_has_appended_nothing()
    {
        _cluster = ClusterSamples.StandbyStatus();
        var page = await ScrapeAsync(Endpoint(true));
        Assert.That(page["turnserver_cluster_is_owner"], Is.Zero);
        Assert.That(page["turnserver_cluster_behind_batches"], Is.EqualTo(10));
        Assert.That(page["turnserver_cluster_appends_total"], Is.Zero);
    }

    [Test]
    public async Task A_server_of_etcd_that_does_not_answer_is_down_and_has_no_size()
    {
        const string Down = "{endpoint=\"http://10.0.0.3:2379\"}";
        var endpoint = Endpoint(true);
        Assert.That((await ScrapeAsync(endpoint))["turnserver_etcd_database_bytes" + Down], Is.Zero);
        _cluster = _cluster with { Etcd = ClusterSamples.Etcd(error: "connection refused") };
        var page = await ScrapeAsync(endpoint);
        Assert.That(page["turnserver_etcd_up" + Down], Is.Zero);
        Assert.That(page["turnserver_etcd_database_bytes" + Down], Is.NaN);
    }

    [Test]
    public async Task A_server_of_etcd_that_does_not_permit_its_status_is_up()
    {
        const string Denied = "{endpoint=\"http://10.0.0.3:2379\"}";
        _cluster = _cluster with { Etcd = ClusterSamples.DeniedEtcd() };
        var page = await ScrapeAsync(Endpoint(true));
        Assert.That(page["turnserver_etcd_up" + Denied], Is.EqualTo(1));
        Assert.That(page["turnserver_etcd_database_bytes" + Denied], Is.NaN);
    }

    [Test]
    public async Task Without_a_cluster_there_are_none() =>
        Assert.That((await ScrapeAsync(Endpoint(false))).Text, Does.Not.Contain("_cluster_").And.Not.Contain("_etcd_"));

    [Test]
    public async Task No_token_is_on_the_page() =>
        Assert.That((await ScrapeAsync(Endpoint(true))).Text, Does.Not.Contain(ClusterSamples.Token));

    [Test]
    public async Task The_README_names_exactly_these()
    {
        var section = Repository.Read("TurnServer/Admin/README.md").Split("\n### In a cluster\n")[1].Split("\n## ")[0];
        var documented = section.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => NamePattern().Matches(line.Split('|')[1].Split(" by ")[0]))
            .Select(match => "turnserver_" + match.Groups[1].Value);
        var served = (await ScrapeAsync(Endpoint(true))).Families
            .Except((await ScrapeAsync(Endpoint(false))).Families);
        Assert.That(documented, Is.EquivalentTo(served));
    }

    private MetricsEndpoint Endpoint(bool hasCluster) => new(new MetricsRegistry(), "1.2.3", new SampleSource(
        new ActorProbe(() => Task.FromResult(HistoryTests.At(0).Actor!), TimeProvider.System),
        () => HistoryTests.At(0).Http, () => new JournalStatistics(), TimeProvider.System,
        hasCluster ? () => _cluster : null));

    private static async Task<Scrape> ScrapeAsync(MetricsEndpoint endpoint) =>
        new(Encoding.UTF8.GetString((await endpoint.HandleAsync(new AdminRequest([], null))).Body));

    [GeneratedRegex("`([a-z_]+)`")]
    private static partial Regex NamePattern();
}
