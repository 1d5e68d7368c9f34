using System.Diagnostics;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Admin;

/// <summary>/metrics after a game whose every request is known.</summary>
internal sealed class MetricsTests() : AdminFixture("--trust-proxy", "--requests-per-second", "1",
    "--players-per-address", "1")
{
    private const string HostileName = "<script>alert(1)</script>\"{x=\\\"";

    private int _limitedReplies;
    private int _malformed = 1;
    private Scrape _page = null!;

    [OneTimeSetUp]
    public async Task PlayAsync()
    {
        var ann = await RegisterAsync(HostileName);
        var bob = await RegisterAsync("Bob");
        foreach (var symbol in new[] { 2, 3, 4 })
        {
            await PostAsync($"{symbol},*,{bob},*,*");
            await PostAsync($"{symbol},*,{ann},*,*");
        }

        var (annsSeat, bobsSeat) = (await SeatAsync(ann), await SeatAsync(bob));
        await PostAsync($"6,e2-e4,{annsSeat},0");
        await PostAsync($"6,e7-e5,{bobsSeat},0");
        await PostAsync($"6,e7-e5,{bobsSeat},0");
        var held = PostAsync($"6,,{bobsSeat},1", "Prefer: wait=25");
        await Scrape.WaitForAsync(AdminPort, "turnserver_held_replies", 1);
        await PostAsync($"6,g1-f3,{annsSeat},1");
        Assert.That(await held, Is.EqualTo("0/9/g1-f3"));
        await PostAsync($"6,,{bobsSeat},9");
        await PostAsync($"5,*,{annsSeat},*");
        await PostAsync("9,,");
        await PostAsync("");
        await PostAsync($"4,*,{await RegisterAsync("Cid")},*,*");
        await ExceedLimitsAsync();
        await DisconnectWithinABodyAsync(isReset: false);
        await DisconnectWithinABodyAsync(isReset: true);
        await Scrape.WaitForAsync(AdminPort, "turnserver_client_faults_total", faults => faults >= 2);
        // Disconnects are counted before the request ends.
        _page = await Scrape.WaitForAsync(AdminPort, "turnserver_requests_in_progress", 0);
    }

    [Test]
    public void Requests_are_counted_by_symbol_reply_and_status() =>
        Assert.That(_page.NotZero("turnserver_requests_total"), Is.EquivalentTo(new[]
        {
            """{symbol="REGISTER",reply="REGISTER_OK",status="200"} 4""",
            """{symbol="REGISTER",reply="RATE_LIMITED",status="429"} 1""",
            """{symbol="REQUEST_PAIR",reply="START_SERVER",status="200"} 1""",
            """{symbol="REQUEST_PAIR",reply="START_CLIENT",status="200"} 1""",
            """{symbol="MAP_INIT",reply="INIT_SERVER",status="200"} 1""",
            """{symbol="MAP_INIT",reply="INIT_CLIENT",status="200"} 1""",
            """{symbol="MAP_READY",reply="PARTNER_LOAD",status="200"} 1""",
            """{symbol="MAP_READY",reply="START_PLAY",status="200"} 3""",
            """{symbol="MAP_READY",reply="DROPPED",status="400"} 1""",
            """{symbol="GAME_UPDATE",reply="GAME_NO_DATA",status="200"} 1""",
            """{symbol="GAME_UPDATE",reply="GAME_DATA",status="200"} 3""",
            """{symbol="GAME_UPDATE",reply="GAME_REDUNDANT",status="200"} 1""",
            """{symbol="GAME_UPDATE",reply="PLAYER_STATE_AHEAD",status="400"} 1""",
            """{symbol="GAME_QUIT",reply="UNREGISTER_OK",status="200"} 1""",
            $$"""{symbol="none",reply="POST_DATA_FORMAT",status="400"} {{_malformed}}""",
            """{symbol="none",reply="NO_POST_DATA",status="400"} 1""",
            $$"""{symbol="none",reply="RATE_LIMITED",status="429"} {{_limitedReplies}}""",
        }));

    [TestCase("turnserver_request_duration_seconds_count{symbol=\"GAME_UPDATE\"}", 5)]
    [TestCase("turnserver_request_duration_seconds_bucket{symbol=\"GAME_UPDATE\",le=\"+Inf\"}", 5)]
    [TestCase("turnserver_held_reply_duration_seconds_count{symbol=\"GAME_UPDATE\"}", 1)]
    [TestCase("turnserver_held_reply_duration_seconds_count{symbol=\"MAP_READY\"}", 0)]
    [TestCase("turnserver_players{status=\"waiting\"}", 1)]
    [TestCase("turnserver_players{status=\"playing\"}", 0)]
    [TestCase("turnserver_games", 1)]
    [TestCase("turnserver_held_replies", 0)]
    [TestCase("turnserver_registrations_total", 4)]
    [TestCase("turnserver_games_started_total", 1)]
    [TestCase("turnserver_turns_relayed_total", 3)]
    [TestCase("turnserver_turns_relayed_bytes_total", 15)]
    [TestCase("turnserver_drops_total{cause=\"out_of_step\"}", 1)]
    [TestCase("turnserver_drops_total{cause=\"silent_playing\"}", 0)]
    [TestCase("turnserver_rate_limited_total{limit=\"registrations\"}", 1)]
    [TestCase("turnserver_rate_limited_total{limit=\"connections\"}", 0)]
    [TestCase("turnserver_request_failures_total", 0)]
    [TestCase("turnserver_accept_failures_total", 0)]
    [TestCase("turnserver_mailbox_capacity_messages", 16_384)]
    [TestCase("turnserver_actor_responding", 1)]
    [TestCase("turnserver_build_info{version=\"1.0.0\"}", 1)]
    public void A_series_has_its_exact_value(string series, double value) =>
        Assert.That(_page[series], Is.EqualTo(value));

    [Test]
    public void Requests_refused_by_the_limit_per_address_are_counted()
    {
        Assert.That(_limitedReplies, Is.Positive);
        Assert.That(_page["turnserver_rate_limited_total{limit=\"requests\"}"], Is.EqualTo(_limitedReplies));
    }

    [TestCase("turnserver_actor_messages_total")]
    [TestCase("turnserver_actor_busy_seconds_total")]
    [TestCase("turnserver_connections_max")]
    [TestCase("process_resident_memory_bytes")]
    [TestCase("process_open_fds")]
    [TestCase("process_max_fds")]
    [TestCase("process_cpu_seconds_total")]
    [TestCase("dotnet_allocated_bytes_total")]
    [TestCase("dotnet_threadpool_threads")]
    public void A_series_that_cannot_be_0_is_positive(string series) => Assert.That(_page[series], Is.Positive);

    [Test]
    public void Nothing_that_a_player_sent_is_on_the_page() =>
        Assert.That(_page.Text, Does.Not.Contain("alert").And.Not.Contain("Bob").And.Not.Contain("e2-e4"));

    [Test]
    public async Task Promtool_accepts_the_page()
    {
        var promtool = Tool.Require("promtool", "prometheus");
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, _page.Text);
            var (exitCode, output, errors) = await Tool.RunAsync("/bin/sh", "-c",
                "exec \"$0\" check metrics <\"$1\"", promtool, file);
            Assert.That((exitCode, output, errors), Is.EqualTo((0, "", "")));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestCase(null, "text/plain; version=0.0.4; charset=utf-8", "turnserver_games 1\n")]
    [TestCase("application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
        "application/openmetrics-text; version=1.0.0; charset=utf-8", "# EOF\n")]
    public async Task The_format_is_the_one_the_client_prefers(string? accept, string contentType, string contained)
    {
        await using var client = await RawHttp.ConnectAsync(AdminPort);
        string[] headers = accept is null ? [] : [$"Accept: {accept}"];
        var reply = await client.GetAsync("GET /metrics HTTP/1.1", ["Host: localhost", .. headers]);
        Assert.That(reply["Content-Type"], Is.EqualTo(contentType));
        Assert.That(reply.Body, Does.Contain(contained));
    }

    [Test]
    public async Task Closed_connections_are_counted_by_cause()
    {
        const int Idle = 8;
        var port = Ports.Next();
        await using var server = await ServerChild.StartAsync("--admin-port", $"{port}", "--body-timeout", "1",
            "--max-connections", "3");
        var idle = new List<RawHttp?>();
        for (var i = 0; i < Idle; i++)
            idle.Add(await RawHttp.TryConnectAsync(server.Port));
        foreach (var client in idle.OfType<RawHttp>())
        {
            Assert.That(await client.IsClosedAsync());
            await client.DisposeAsync();
        }

        var page = await Scrape.WaitForAsync(port, "turnserver_connections", 0);
        var shed = page["turnserver_connections_closed_total{cause=\"over_limit\"}"];
        var slow = page["turnserver_connections_closed_total{cause=\"slow_head\"}"];
        Assert.That((shed, slow), Is.Not.EqualTo((0.0, (double)Idle)).And.Not.EqualTo(((double)Idle, 0.0)));
        Assert.That(shed + slow, Is.EqualTo(Idle));
    }

    // One registration too many from one address, and requests from another one until some are refused.
    private async Task ExceedLimitsAsync()
    {
        const string From = "X-Forwarded-For: 203.0.113.9";
        Assert.That(await PostAsync("0,Dan,*,*,*", From), Does.StartWith("0/0/"));
        Assert.That(await PostAsync("0,Eve,*,*,*", From), Is.EqualTo("22/*/*"));
        var pressed = Stopwatch.StartNew();
        while (_limitedReplies == 0 && pressed.Elapsed < TestWait.Timeout)
        {
            var replies = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ =>
                PostAsync("8,,", "X-Forwarded-For: 203.0.113.10")));
            _limitedReplies = replies.Count(reply => reply == "22/*/*");
            _malformed += replies.Length - _limitedReplies;
        }
    }

    private async Task DisconnectWithinABodyAsync(bool isReset)
    {
        // The previous request has ended.
        await Scrape.WaitForAsync(AdminPort, "turnserver_requests_in_progress", 0);
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await client.SendAsync(RawHttp.Head("POST / HTTP/1.1", "Content-Length: 10") + "6,e");
        // Wait until the head has been read: a connection reset within a head is no request.
        await Scrape.WaitForAsync(AdminPort, "turnserver_requests_in_progress", 1);
        if (isReset)
            client.Reset();
    }

    private async Task<string> RegisterAsync(string name)
    {
        var reply = await PostAsync($"0,{name},*,*,*");
        Assert.That(reply, Does.StartWith("0/0/"));
        return reply[4..];
    }

    // KEY,PLAYER of the seat, as in an update's body.
    private async Task<string> SeatAsync(string key)
    {
        var reply = await PostAsync($"4,*,{key},*,*");
        Assert.That(reply, Does.StartWith("0/8/"));
        return reply[4..].Replace('|', ',');
    }

    // A connection for each request: an error reply closes it.
    private async Task<string> PostAsync(string body, params string[] headers)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        return (await client.PostAsync(body, headers)).Body;
    }
}
