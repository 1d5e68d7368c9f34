using System.Net;
using TurnServer.Cli;
using TurnServer.Cluster;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cli;

/// <summary>What a server of a cluster makes of its settings.</summary>
internal sealed class ClusterTableHostTests
{
    private const int LogUnavailable = 67;
    private const int LogAvailable = 68;
    private const int EtcdSplit = 77;

    [Test]
    public async Task Etcds_that_are_not_one_cluster_are_an_error_and_players_play_on()
    {
        await using var one = await EtcdCluster.StartAsync(1);
        await using var other = await EtcdCluster.StartAsync(1);
        var log = new RecordingLog();
        using var host = new ClusterTableHost(OptionsOf(one.AddressOf(0), other.AddressOf(0)), log);
        host.Begin();
        var running = host.RunAsync();
        await TestWait.UntilAsync(() => log.Entries.Any(entry => entry.Id == EtcdSplit), "it is an error");
        await TestWait.UntilAsync(async () => (await host.Table.GetStatisticsAsync()).Problem is null, "they play on");
        var shown = host.ClusterStatus!().Etcd?.Status.Agreement.Split;
        await host.AbortAsync();
        await TestWait.ForAsync(running);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(log.Entries.Single(entry => entry.Id == EtcdSplit).Text, Does.Contain("are not one cluster"));
            Assert.That(shown, Does.Contain("are not one cluster"));
        }
    }

    [Test]
    public async Task An_outage_of_etcd_at_the_start_ends_in_the_log_too()
    {
        await using var etcd = await EtcdCluster.StartAsync(1);
        await etcd.PauseAsync(0);
        var log = new RecordingLog();
        using var host = new ClusterTableHost(OptionsOf(etcd.AddressOf(0)), log);
        host.Begin();
        var running = host.RunAsync();
        await TestWait.UntilAsync(() => log.Entries.Any(entry => entry.Id == LogUnavailable), "it is an outage");
        etcd.Resume(0);
        await TestWait.UntilAsync(() => log.Entries.Any(entry => entry.Id == LogAvailable), "it is over");
        await host.AbortAsync();
        await TestWait.ForAsync(running);
        Assert.That(log.Entries.Count(entry => entry.Id == LogUnavailable), Is.EqualTo(1));
    }

    private static ServeOptions OptionsOf(params Uri[] endpoints) => new()
    {
        Cluster = new ClusterOptions
        {
            Endpoints = endpoints,
            Advertise = new DnsEndPoint("127.0.0.1", Ports.Next()),
        },
    };
}
