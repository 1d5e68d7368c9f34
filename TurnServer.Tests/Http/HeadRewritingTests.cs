using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>Heads that the listener misreads: repeated headers, IPv6 hosts, lengths.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class HeadRewritingTests() : ServerFixture("--trust-proxy", "--players-per-address", "2",
    "--body-timeout", "60")
{
    private const string Register = "0,Ann,*,Nobody,*";

    // Headers with the same name form one list (RFC 9110, 5.2).
    [TestCase("wait=1", "Prefer: wait=1", "Prefer: respond-async")]
    [TestCase("wait=1", "Prefer: respond-async", "prefer: wait=1")]
    [TestCase("wait=1", "Prefer: respond-async, wait=1")]
    [TestCase("wait=1", "Prefer: wait=1", "Prefer: wait=3")]
    [TestCase("wait=1", "Prefer: wait=1, wait=3")]
    [TestCase(null, "Prefer: wait=0", "Prefer: wait=3")]
    [TestCase(null, "Prefer: respond-async", "Prefer: handling=lenient")]
    public async Task Prefer_may_be_repeated(string? applied, params string[] headers)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        var key = await RegisterAsync(client);
        var reply = await client.PostAsync($"2,*,{key},*,*", headers);
        Assert.That((reply.Body, reply["Preference-Applied"]), Is.EqualTo(("0/2/*", applied)));
    }

    [TestCase("Turn-Received: 5", "Turn-Received: 5")]
    [TestCase("Turn-Received: 5", "turn-received: 6")]
    [TestCase("Turn-Received: 5, 5")]
    public async Task Repeated_Turn_Received_is_refused(params string[] headers)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        Assert.That((await client.PostAsync("6,,1,0,0", headers)).Body, Is.EqualTo("4/2/*"));
    }

    [Test]
    public async Task The_last_address_of_the_last_X_Forwarded_For_counts()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        for (var player = 0; player < 3; player++)
        {
            var reply = await client.PostAsync("0,A,*,Nobody,*", $"X-Forwarded-For: 192.0.2.{player}, 192.0.2.200",
                $"X-Forwarded-For: 192.0.2.{100 + player},192.0.2.50");
            Assert.That(reply.Body, player < 2 ? Does.StartWith("0/0/") : Is.EqualTo("22/*/*"), $"player {player}");
        }
    }

    [TestCase("Connection: close", "Connection: TE")]
    [TestCase("Connection: TE", "connection: close")]
    [TestCase("Connection: keep-alive, close")]
    [TestCase("Proxy-Connection: keep-alive", "Connection: close")]
    [TestCase("Proxy-Connection: close")]
    [TestCase("Connection: x-close")]
    public async Task A_connection_is_closed_on_request(params string[] headers)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        var reply = await client.GetAsync("GET /healthz HTTP/1.1", headers);
        Assert.That((reply.Status, reply.Closes, reply["Keep-Alive"]), Is.EqualTo((200, true, (string?)null)));
        Assert.That(await client.IsClosedAsync(), Is.True);
    }

    [TestCase("Connection: TE")]
    [TestCase("Connection: keep-alive", "Connection: TE")]
    public async Task A_connection_is_kept_open_on_other_options(params string[] headers)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        foreach (var max in new[] { 100, 99 })
        {
            var reply = await client.GetAsync("GET /healthz HTTP/1.1", headers);
            Assert.That((reply.Status, reply.Closes), Is.EqualTo((200, false)));
            Assert.That(reply["Keep-Alive"], Is.EqualTo($"timeout=15, max={max}"));
        }
    }

    [TestCase("Connection: TE", true)]
    [TestCase("Connection: keep-alive", false)]
    public async Task A_connection_of_HTTP_1_0_is_kept_open_on_request(string header, bool closes)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        Assert.That((await client.GetAsync("GET /healthz HTTP/1.0", header)).Closes, Is.EqualTo(closes));
        if (!closes)
            Assert.That((await client.GetAsync("GET /healthz HTTP/1.0", header)).Body, Is.EqualTo("ok"));
    }

    [TestCase(200, "Content-Length: 16", "Content-Length: 16")]
    [TestCase(200, "Content-Length: 16, 16")]
    [TestCase(400, "Content-Length: 16", "Content-Length: 15")]
    [TestCase(400, "Content-Length: 15, 16")]
    [TestCase(400, "Content-Length: +16")]
    [TestCase(400, "Content-Length: 16", "Transfer-Encoding: chunked")]
    [TestCase(400, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked")]
    [TestCase(400, "Transfer-Encoding: gzip", "Transfer-Encoding: chunked")]
    public async Task Repeated_lengths_must_agree(int status, params string[] headers)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        string[] all = [.. headers, $"X-Forwarded-For: {NewAddress()}"];
        await client.SendAsync(RawHttp.Head("POST / HTTP/1.1", all) + Register);
        Assert.That((await client.ReadReplyAsync()).Status, Is.EqualTo(status));
    }

    // At once, long before the body timeout.
    [TestCase("16385")]
    [TestCase("99999999999")]
    [TestCase("9223372036854775807")]
    [TestCase("18446744073709551615")]
    [TestCase("99999999999999999999999")]
    public async Task A_length_above_the_limit_is_refused_before_the_body_arrives(string length)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await client.SendAsync(RawHttp.Head("POST / HTTP/1.1", $"Content-Length: {length}"));
        var reply = await client.ReadReplyAsync();
        Assert.That((reply.Status, reply.Body, reply.Closes), Is.EqualTo((400, "20/*/*", true)));
        Assert.That(await client.IsClosedAsync(), Is.True);
    }

    [TestCase("Host: a\r\nHost: b\r\n")]
    [TestCase("Host: a\r\nhost: a\r\n")]
    [TestCase("Host: a\r\nHost:\r\n")]
    [TestCase("Host: [nonsense]\r\n")]
    public async Task Repeated_or_malformed_hosts_are_refused(string hosts)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await client.SendAsync($"GET /healthz HTTP/1.1\r\n{hosts}\r\n");
        Assert.That((await client.ReadReplyAsync()).Status, Is.EqualTo(400));
    }

    [TestCase("POST / HTTP/1.1", "[::1]:8080")]
    [TestCase("POST / HTTP/1.1", "[2001:db8::1]")]
    [TestCase("POST / HTTP/1.0", "[::1]")]
    [TestCase("POST http://[::1]:8080/ HTTP/1.1", "[::1]:8080")]
    [TestCase("POST http://[::1] HTTP/1.1", "x")]
    [TestCase("POST HTTP://[::1]/turn?x=[1] HTTP/1.1", "x")]
    [TestCase("POST * HTTP/1.1", "x")]
    public async Task Host_and_target_may_be_IPv6_addresses(string requestLine, string host)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await client.SendAsync($"{requestLine}\r\nHost: {host}\r\nContent-Length: {Register.Length}\r\n"
            + $"X-Forwarded-For: {NewAddress()}\r\n\r\n{Register}");
        var reply = await client.ReadReplyAsync();
        Assert.That((reply.Status, reply.Body), Is.EqualTo((200, reply.Body)));
        Assert.That(reply.Body, Does.StartWith("0/0/"));
    }

    // A rewritten head that arrives in pieces, and a body longer than one read of the listener.
    [Test]
    public async Task A_long_head_with_repeated_headers_and_a_long_body_are_read_completely()
    {
        await using var pair = await RawPair.StartAsync(Server.Port, "Heads");
        var turn = new string('t', 16_000);
        var headers = Enumerable.Range(0, 300).Select(line => $"X-Line: {line:D80}").Append("Prefer: wait=0").ToArray();
        Assert.That((await pair.Players[0].PostAsync(pair.Update(0, 0, turn), headers)).Body, Is.EqualTo("0/10/*"));
        Assert.That((await pair.Players[1].PostAsync(pair.Update(1, 0, ""), headers)).Body, Is.EqualTo("0/9/" + turn));
        Assert.That((await pair.Players[0].PostAsync(pair.Update(0, 1, ""))).Body, Is.EqualTo("0/10/*"),
            "the connection is kept open");
    }

    private static Task<string> RegisterAsync(RawHttp client) =>
        client.RegisterAsync(Register, $"X-Forwarded-For: {NewAddress()}");

    private static string NewAddress() =>
        $"10.{Random.Shared.Next(256)}.{Random.Shared.Next(256)}.{Random.Shared.Next(256)}";
}
