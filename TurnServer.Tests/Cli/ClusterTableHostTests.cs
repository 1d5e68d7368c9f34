using System.Net;
using TurnServer.Cli;
using TurnServer.Cluster;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cli;

/// <summary>What a server of a cluster makes of its settings.</summary>
internal sealed class ClusterTableHostTests
{
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

    private static ServeOptions OptionsOf(params Uri[] endpoints) => new()
    {
        Cluster = new ClusterOptions
        {
            Endpoints = endpoints,
            Advertise = new DnsEndPoint("127.0.0.1", Ports.Next()),
        },
    };
}
