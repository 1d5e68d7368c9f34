using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>Limits per client address behind a reverse proxy, and the headers of a 429.</summary>
internal sealed class ForwardedAddressTests() : ServerFixture("--trust-proxy", "--requests-per-second", "2",
    "--players-per-address", "3")
{
    private const string From = "X-Forwarded-For: ";

    [Test]
    public async Task Too_many_requests_are_answered_429_and_keep_their_connection_open()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        var refused = await UntilRefusedAsync(client, From + "192.0.2.1", "Origin: http://game.example");
        Assert.That((refused.Status, refused.Body), Is.EqualTo((429, "22/*/*")));
        Assert.That(refused["Retry-After"], Is.EqualTo("1"));
        Assert.That(refused["Access-Control-Allow-Origin"], Is.EqualTo("*"));
        Assert.That((await client.PostAsync("0,B,*,Nobody,*", From + "192.0.2.2")).Body, Does.StartWith("0/0/"));
    }

    [Test]
    public async Task The_last_address_of_X_Forwarded_For_counts()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await UntilRefusedAsync(client, From + "198.51.100.7, 192.0.2.3");
        var sameLast = await UntilRefusedAsync(client, From + "198.51.100.8,192.0.2.3:4711");
        var sameFirst = await client.PostAsync("1,*,1,*,*", From + "198.51.100.7, 192.0.2.4");
        Assert.That((sameLast.Status, sameFirst.Body), Is.EqualTo((429, "5/*/*")));
    }

    // These clients share the proxy's address, without the exemption of loopback.
    [Test]
    public async Task A_malformed_address_counts_as_the_proxys_with_limits()
    {
        await using var server = await ServerChild.StartAsync("--trust-proxy", "--players-per-address", "3");
        await using var client = await RawHttp.ConnectAsync(server.Port);
        foreach (var address in new[] { "unknown", "", "192.0.2.9, _hidden" })
            Assert.That(await RegisterAsync(client, From + address), Does.StartWith("0/0/"), address);
        foreach (var address in new[] { "192.0.2.9,", "\"unknown\"", "[2001:db8::1", "192.0.2.1:99999", "5" })
            Assert.That(await RegisterAsync(client, From + address), Is.EqualTo("22/*/*"), address);
        Assert.That(await RegisterAsync(client), Does.StartWith("0/0/"), "the proxy itself is exempt");
    }

    [TestCase("\"[2001:db8:7::1]:4711\"")]
    [TestCase("[2001:db8:7::1]:4711", Category = "Slow")]
    [TestCase("[2001:db8:7::1]", Category = "Slow")]
    [TestCase("\"2001:db8:7::1\"", Category = "Slow")]
    [TestCase(" \"unknown\" , \"[2001:db8:7::1]:4711\" ", Category = "Slow")]
    public async Task An_address_may_be_quoted_and_have_a_port(string address)
    {
        await using var server = await ServerChild.StartAsync("--trust-proxy", "--players-per-address", "1");
        await using var client = await RawHttp.ConnectAsync(server.Port);
        Assert.That(await RegisterAsync(client, From + address), Does.StartWith("0/0/"));
        Assert.That(await RegisterAsync(client, From + "2001:db8:7::1"), Is.EqualTo("22/*/*"));
        Assert.That(await RegisterAsync(client, From + "unknown"), Does.StartWith("0/0/"));
    }

    [Test]
    public async Task Too_many_players_from_one_address_are_refused()
    {
        var bodies = new List<string>();
        for (var player = 0; player < 4; player++)
        {
            await using var client = await RawHttp.ConnectAsync(Server.Port);
            bodies.Add((await client.PostAsync($"0,P{player},*,Nobody,*", From + "2001:db8::1")).Body);
        }

        Assert.That(bodies[..3], Has.All.StartsWith("0/0/"));
        Assert.That(bodies[3], Is.EqualTo("22/*/*"));
    }

    [Test]
    public async Task Without_trust_proxy_the_header_is_ignored()
    {
        string[] flags = ["--requests-per-second", "1", "--players-per-address", "1"];
        await using var server = await ServerChild.StartAsync(flags);
        await using var client = await RawHttp.ConnectAsync(server.Port);
        for (var request = 0; request < 20; request++)
        {
            var reply = await client.PostAsync("0,A,*,Nobody,*", From + (request % 2 == 0 ? "192.0.2.1" : "nonsense"));
            Assert.That(reply.Body, Does.StartWith("0/0/"), "loopback is exempt");
        }
    }

    [Test]
    public async Task Too_many_requests_of_other_methods_are_answered_429()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await UntilRefusedAsync(client, From + "192.0.2.5");
        var reply = await client.GetAsync("GET /healthz HTTP/1.1", From + "192.0.2.5");
        for (var request = 0; request < 10 && reply.Status != 429; request++)
            reply = await client.GetAsync("GET /healthz HTTP/1.1", From + "192.0.2.5");
        Assert.That((reply.Status, reply["Retry-After"]), Is.EqualTo((429, "1")));
    }

    private static async Task<string> RegisterAsync(RawHttp client, params string[] headers) =>
        (await client.PostAsync("0,A,*,Nobody,*", headers)).Body;

    // Four requests, or more on a slow machine. A registration repeated with its token counts once.
    private static async Task<RawReply> UntilRefusedAsync(RawHttp client, params string[] headers)
    {
        for (var request = 0; request < 100; request++)
        {
            var reply = await client.PostAsync("0,Same,*,Nobody,token", headers);
            if (reply.Status == 429)
                return reply;
        }

        throw new AssertionException("100 requests in a row were admitted.");
    }
}
