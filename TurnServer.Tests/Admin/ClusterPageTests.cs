using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using TurnServer.Admin.Status;
using TurnServer.Cluster;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Admin;

/// <summary>The status page of a server of a cluster in a real browser; the cluster is made up.</summary>
[Category("Slow")]
internal sealed class ClusterPageTests : AdminFixture
{
    private Browser _browser = null!;
    private ClusterStatus _cluster = ClusterSamples.Status();

    [OneTimeSetUp]
    public async Task StartBrowser()
    {
        _browser = await Browser.StartAsync();
        Assertions.SetDefaultExpectTimeout((float)TestWait.Timeout.TotalMilliseconds);
    }

    [OneTimeTearDown]
    public async Task StopBrowser() => await (_browser?.DisposeAsync() ?? default);

    [TearDown]
    public void NoPageHasErrors() => Assert.That(_browser.Errors, Is.Empty);

    [Test]
    public async Task A_cluster_with_one_table_has_an_owner_and_no_shards()
    {
        _cluster = ClusterSamples.Status(behind: 7);
        var page = await OpenAsync();
        await Expect(page.Locator("#members .note")).ToContainTextAsync("10.0.0.1:2390 owns the table since ");
        await ExpectRow(page, "#members thead", "Address", "Role", "Version", "Up", "Behind");
        await Expect(page.Locator("#members tbody tr").Nth(1)).ToContainTextAsync("standby");
        await Expect(page.Locator("#members tbody tr").Nth(1)).ToContainTextAsync("7 batches");
        await Expect(page.Locator("#shards")).ToBeHiddenAsync();
        await ExpectRow(page, "#takeovers thead", "Time", "Server", "Cause");
    }

    [Test]
    public async Task A_cluster_with_shards_shows_them_and_what_each_server_owns()
    {
        var cluster = ClusterSamples.ShardedStatus();
        _cluster = cluster with { Members = [cluster.Members[0], cluster.Members[1] with { IsLeaving = true }] };
        var page = await OpenAsync();
        await Expect(page.Locator("#members .note")).ToHaveTextAsync("10.0.0.1:2390 owns the lobby.");
        await ExpectRow(page, "#members thead", "Address", "Role", "Version", "Up", "Shards");
        await Expect(page.Locator("#members tbody tr").First).ToContainTextAsync("owns 2 shards, this server");
        await Expect(page.Locator("#members tbody tr").Nth(1)).ToContainTextAsync("leaving");
        await Expect(page.Locator("#shards .note")).ToHaveTextAsync("3 shards on 2 servers");
        await ExpectRow(page, "#shards tbody tr:nth-child(1)", "lobby", "10.0.0.1:2390", "3 players", "0", "0", "1");
        await ExpectRow(page, "#shards tbody tr:nth-child(2)", "1", "10.0.0.2:2390", "4 games", "40", "0", "2");
        await ExpectRow(page, "#takeovers thead", "Time", "Shard", "Server", "Cause");
        await Expect(page.Locator("#takeovers tbody td").First).ToHaveTextAsync("2");
    }

    [Test]
    public async Task A_shard_without_an_owner_shows_it_and_the_tables_change_with_the_cluster()
    {
        _cluster = ClusterUnknown();
        var page = await OpenAsync();
        await Expect(page.Locator("#members .note")).ToHaveTextAsync("No server owns the table.");
        var cluster = ClusterSamples.ShardedStatus();
        _cluster = cluster with { Shards = [.. cluster.Shards.Take(2), new ShardStatus(2, null, 3, null)] };
        await Expect(page.Locator("#shards .note")).ToHaveTextAsync("3 shards on 2 servers; 1 without an owner");
        await ExpectRow(page, "#shards tbody tr:nth-child(3)", "2", "none", "–", "–", "–", "3");
        await ExpectRow(page, "#members thead", "Address", "Role", "Version", "Up", "Shards");
    }

    private static ClusterStatus ClusterUnknown() => ClusterSamples.Status() with
    {
        Members = [],
        Owner = null,
        Epoch = 0,
        TakeOvers = [],
    };

    private static ILocatorAssertions Expect(ILocator locator) => Assertions.Expect(locator);

    private static Task ExpectRow(IPage page, string row, params string[] cells) =>
        Expect(page.Locator($"{row} > th, {row} > td, {row} > tr > th")).ToHaveTextAsync(cells);

    private async Task<IPage> OpenAsync()
    {
        var page = await _browser.NewPageAsync();
        await page.RouteAsync("**/status.json*", async route =>
        {
            var reply = await route.FetchAsync();
            var status = JsonNode.Parse(await reply.TextAsync())!;
            status["cluster"] = JsonSerializer.SerializeToNode(new ClusterReport(_cluster, null),
                StatusJsonContext.Default.ClusterReport);
            await route.FulfillAsync(new RouteFulfillOptions { Response = reply, Body = status.ToJsonString() });
        });
        await page.GotoAsync($"http://localhost:{AdminPort}/status");
        return page;
    }
}
