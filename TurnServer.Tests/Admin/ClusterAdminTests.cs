using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Admin;

/// <summary>The admin ports of two servers on a real etcd.</summary>
[Category("Process")]
internal sealed class ClusterAdminTests
{
    private static readonly string[] Paths = ["/status", "/status.json?rows=1000", "/metrics", "/healthz"];

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly List<ServerChild> _servers = [];
    private readonly int[] _adminPorts = [Ports.Next(), Ports.Next()];
    private EtcdCluster _etcd = null!;
    private string[] _addresses = [];

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _etcd = await EtcdCluster.StartAsync(1);
        _addresses = [$"127.0.0.1:{Ports.Next()}", $"127.0.0.1:{Ports.Next()}"];
        for (var i = 0; i < 2; i++)
        {
            _servers.Add(await ServerChild.StartAsync("--admin-port", $"{_adminPorts[i]}", "--advertise", _addresses[i],
                "--cluster", _etcd.AddressOf(0).GetLeftPart(UriPartial.Authority), "--cluster-shards", "0"));
            await UntilAsync(i, status => Cluster(status).GetProperty("owner").ValueKind == JsonValueKind.String);
        }

        // A request that the standby passes on, and that the owner appends.
        await using var client = await RawHttp.ConnectAsync(_servers[1].Port);
        Assert.That((await client.PostAsync("0,Ann,*,*,*")).Body, Does.StartWith("0/0/"));
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        foreach (var server in _servers)
            await server.DisposeAsync();
        await (_etcd?.DisposeAsync() ?? default);
    }

    [Test]
    public async Task Both_show_the_owner_its_standby_and_etcd()
    {
        for (var i = 0; i < 2; i++)
        {
            var cluster = Cluster(await UntilAsync(i, status => Cluster(status).GetProperty("members")
                .EnumerateArray().Count(member => member.GetProperty("position").GetInt64() > 1) == 2
                && IsEtcdUp(status)));
            var members = cluster.GetProperty("members").EnumerateArray().ToList();
            using (Assert.EnterMultipleScope())
            {
                Assert.That(members.Select(member => member.GetProperty("address").GetString()),
                    Is.EqualTo(_addresses));
                Assert.That(members.Select(member => member.GetProperty("isOwner").GetBoolean()),
                    Is.EqualTo([true, false]));
                Assert.That(members.FindIndex(member => member.GetProperty("isSelf").GetBoolean()), Is.EqualTo(i));
                Assert.That(cluster.GetProperty("takeOvers")[0].GetProperty("cause").GetString(),
                    Is.EqualTo("first server"));
                Assert.That(cluster.GetProperty("ownedSince").GetDateTime(),
                    Is.EqualTo(DateTime.UtcNow).Within(TimeSpan.FromMinutes(5)));
                Assert.That(cluster.GetProperty("append").GetProperty("batches").GetInt64(),
                    i == 0 ? Is.Positive : Is.Zero, "the owner appends");
                Assert.That(cluster.GetProperty("etcd")[0].GetProperty("databaseBytes").GetInt64(), Is.Positive);
            }
        }
    }

    [Test]
    public async Task Both_are_healthy_on_both_ports()
    {
        foreach (var port in _adminPorts.Concat(_servers.Select(server => server.Port)))
            await UntilHealthIsAsync(port, 200);
    }

    [Test]
    public async Task No_token_is_shown_or_logged()
    {
        var tokens = await ReadTokensAsync();
        Assert.That(tokens, Has.Count.EqualTo(2).And.All.Length.GreaterThan(20));
        foreach (var token in tokens)
        {
            foreach (var port in _adminPorts)
            {
                foreach (var path in Paths)
                    Assert.That((await GetAsync(port, path)).Body, Does.Not.Contain(token[..10]), path);
            }

            Assert.That(_servers.Select(server => server.Errors), Has.None.Contains(token[..10]));
        }
    }

    [Test]
    public async Task Without_etcd_the_owner_is_unhealthy_and_names_what_etcd_answered()
    {
        var address = _etcd.AddressOf(0).GetLeftPart(UriPartial.Authority);
        var problem = $"the log does not answer: {address}: connection refused";
        _etcd.Kill(0);
        await using var client = await RawHttp.ConnectAsync(_servers[0].Port);
        var waiting = client.PostAsync("0,Bob,*,*,*");
        Assert.That((await UntilHealthIsAsync(_adminPorts[0], 503)).Body, Does.Contain(problem));
        Assert.That((await UntilHealthIsAsync(_servers[0].Port, 503)).Body, Does.Contain(problem));
        var status = await UntilAsync(0, now => Cluster(now).GetProperty("etcd")[0].GetProperty("error").ValueKind
            == JsonValueKind.String && Cluster(now).GetProperty("problem").ValueKind == JsonValueKind.String);
        Assert.That(status.GetProperty("health").ToString(), Does.Contain($"Players cannot play: {problem}")
            .And.Contain($"etcd at {address} does not answer: connection refused"));
        var failures = (await Scrape.GetAsync(_adminPorts[0]))["turnserver_cluster_append_failures_total"];
        Assert.That(failures, Is.Positive);
        await _etcd.RestartAsync(0);
        Assert.That((await waiting).Body, Does.StartWith("0/0/"), "it was recorded, and waited");
        foreach (var port in _adminPorts)
            await UntilHealthIsAsync(port, 200);
    }

    private async Task<List<string>> ReadTokensAsync()
    {
        using var connection = new EtcdConnection(_etcd.Options);
        using var stop = new CancellationTokenSource(TestWait.Timeout);
        await foreach (var members in new EtcdMembers(connection, NullLogger.Instance).WatchAsync(stop.Token))
            return [.. members.Select(member => member.Token)];
        return [];
    }

    private async Task<JsonElement> UntilAsync(int server, Func<JsonElement, bool> condition)
    {
        JsonElement status = default;
        await UntilAsync(_adminPorts[server], "/status.json", reply =>
        {
            if (reply.Status != 200)
                return false;
            using var document = JsonDocument.Parse(reply.Body);
            status = document.RootElement.Clone();
            return condition(status);
        });
        return status;
    }

    private static Task<RawReply> UntilHealthIsAsync(int port, int status) =>
        UntilAsync(port, "/healthz", reply => reply.Status == status);

    private static async Task<RawReply> UntilAsync(int port, string path, Func<RawReply, bool> condition)
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (true)
        {
            var reply = await GetAsync(port, path);
            if (condition(reply))
                return reply;
            Assert.That(Stopwatch.GetElapsedTime(startedAt), Is.LessThan(TestWait.Timeout), $"{path}: {reply.Body}");
            await Task.Delay(PollInterval);
        }
    }

    // Not at once after another test has killed it: it is asked every five seconds.
    private static bool IsEtcdUp(JsonElement status) => Cluster(status).GetProperty("etcd") is
    { ValueKind: JsonValueKind.Array } etcd && etcd[0].GetProperty("version").ValueKind == JsonValueKind.String;

    private static JsonElement Cluster(JsonElement status) => status.GetProperty("cluster");

    private static async Task<RawReply> GetAsync(int port, string path)
    {
        await using var client = await RawHttp.ConnectAsync(port);
        return await client.GetAsync($"GET {path} HTTP/1.1", "Host: localhost");
    }
}
