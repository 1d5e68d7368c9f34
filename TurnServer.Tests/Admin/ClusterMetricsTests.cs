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

    [TestCase("turnserver_cluster_epoch", 6)]
    [TestCase("turnserver_cluster_shards_owned", 2)]
    [TestCase("turnserver_cluster_messages_waiting", 8)]
    [TestCase("turnserver_cluster_shard_games{shard=\"0\"}", 0)]
    [TestCase("turnserver_cluster_shard_games{shard=\"2\"}", 5)]
    [TestCase("turnserver_cluster_shard_turns_total{shard=\"2\"}", 50)]
    [TestCase("turnserver_cluster_shard_messages_waiting{shard=\"0\"}", 7)]
    [TestCase("turnserver_cluster_shard_messages_waiting{shard=\"1\"}", double.NaN)]
    public async Task With_shards_a_series_has_the_value_of_those_owned_here(string series, double value)
    {
        _cluster = WithMessages(7, 100, 1);
        Assert.That((await ScrapeAsync(Endpoint(true)))[series], Is.EqualTo(value));
    }

    [Test]
    public async Task A_shard_that_moves_takes_its_series_along_and_brings_them_back()
    {
        const string Turns = "turnserver_cluster_shard_turns_total{shard=\"2\"}";
        var endpoint = Endpoint(true);
        var here = ClusterSamples.ShardedStatus();
        foreach (var (cluster, turns) in new[]
            {
                (here, 50), (here with { Self = "two-2" }, double.NaN), (here, 50),
                (ClusterSamples.Status(), double.NaN),
            })
        {
            _cluster = cluster;
            Assert.That((await ScrapeAsync(endpoint))[Turns], Is.EqualTo(turns));
        }
    }

    [Test]
    public async Task With_one_table_there_are_none_of_shards()
    {
        var page = await ScrapeAsync(Endpoint(true));
        Assert.That(page.Text, Does.Not.Match("(?m)^turnserver_cluster_(shard|messages)"));
    }

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
        _cluster = ClusterSamples.ShardedStatus();
        var served = (await ScrapeAsync(Endpoint(true))).Families
            .Except((await ScrapeAsync(Endpoint(false))).Families);
        Assert.That(documented, Is.EquivalentTo(served));
    }

    private static ClusterStatus WithMessages(params int[] counts)
    {
        var cluster = ClusterSamples.ShardedStatus();
        return cluster with
        {
            Shards = [.. cluster.Shards.Zip(counts, (shard, count) =>
                shard with { Load = shard.Load! with { MessagesWaiting = count } })],
        };
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
