using System.Globalization;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>Requests other than turns, and the headers of every reply (PROTOCOL.md).</summary>
internal sealed class OtherRequestTests() : ServerFixture("--host", "127.0.0.1")
{
    private const string Register = "0,Ann,*,Nobody,*";
    private const string Methods = "GET, HEAD, POST, OPTIONS";

    private RawHttp _client = null!;

    [SetUp]
    public async Task Connect() => _client = await RawHttp.ConnectAsync(Server.Port);

    [TearDown]
    public async Task Disconnect() => await _client.DisposeAsync();

    [Test]
    public async Task Get_returns_how_many_seconds_the_last_POST_took()
    {
        await _client.PostAsync(Register);
        var reply = await _client.GetAsync("GET / HTTP/1.1");
        var seconds = double.Parse(reply.Body, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
        Assert.That(reply.Status, Is.EqualTo(200));
        Assert.That(reply.Body, Does.Match(@"^\d+\.\d+$"));
        Assert.That(seconds, Is.GreaterThan(0).And.LessThan(10));
    }

    [Test]
    public async Task Healthz_returns_ok()
    {
        var reply = await _client.GetAsync("GET /healthz HTTP/1.1");
        Assert.That((reply.Status, reply.Body), Is.EqualTo((200, "ok")));
    }

    [Test]
    public async Task Waiting_returns_how_many_wait_in_a_pool_and_for_how_long()
    {
        await _client.PostAsync("0,Ann,*#a&b,*,*");
        var line = await _client.GetAsync("GET /waiting?pool=a%26b HTTP/1.1");
        var empty = await _client.GetAsync("GET /waiting?pool=a HTTP/1.1");
        Assert.That(line.Status, Is.EqualTo(200));
        Assert.That(line.Body, Does.Match(@"^1 \d+$"));
        Assert.That((empty.Status, empty.Body), Is.EqualTo((200, "0 0")));
    }

    [TestCase("/waiting?pool=")]
    [TestCase("/waiting?pool=a%20b")]
    public async Task Waiting_in_a_malformed_pool_is_refused(string path)
    {
        var reply = await _client.GetAsync($"GET {path} HTTP/1.1");
        Assert.That((reply.Status, reply.Body), Is.EqualTo((400, "4/3/*")));
    }

    [TestCase("/healthz", 200)]
    [TestCase("/waiting", 200)]
    [TestCase("/", 200)]
    [TestCase("/elsewhere", 404)]
    public async Task Head_returns_the_headers_of_Get_without_the_body(string path, int status)
    {
        var get = await _client.GetAsync($"GET {path} HTTP/1.1");
        var head = await _client.GetAsync($"HEAD {path} HTTP/1.1");
        var next = await _client.GetAsync("GET /healthz HTTP/1.1");
        Assert.That((get.Status, head.Status), Is.EqualTo((status, status)));
        Assert.That(head["Content-Length"], Is.EqualTo(get["Content-Length"]));
        Assert.That(head["Content-Type"], Is.EqualTo(get["Content-Type"]));
        Assert.That(next.Body, Is.EqualTo("ok"), "no body precedes the next reply");
    }

    [Test]
    public async Task Other_paths_return_404_and_keep_the_connection_open()
    {
        var reply = await _client.GetAsync("GET /index.html HTTP/1.1");
        Assert.That((reply.Status, reply.Closes), Is.EqualTo((404, false)));
        Assert.That((await _client.GetAsync("GET /healthz HTTP/1.1")).Body, Is.EqualTo("ok"));
    }

    [TestCase("DELETE")]
    [TestCase("PATCH")]
    [TestCase("TRACE")]
    [TestCase("PUT")]
    public async Task Other_methods_return_405_with_Allow(string method)
    {
        var reply = await _client.GetAsync($"{method} / HTTP/1.1", "Content-Length: 0");
        Assert.That((reply.Status, reply["Allow"]), Is.EqualTo((405, Methods)));
    }

    [Test]
    public async Task Options_returns_204_and_keeps_the_connection_open()
    {
        var reply = await _client.GetAsync("OPTIONS / HTTP/1.1", "Origin: http://game.example",
            "Access-Control-Request-Method: POST");
        Assert.That((reply.Status, reply["Access-Control-Allow-Methods"]), Is.EqualTo((204, Methods)));
        Assert.That((await _client.GetAsync("GET /healthz HTTP/1.1")).Body, Is.EqualTo("ok"));
    }

    [TestCase("/")]
    [TestCase("/cgi-bin/turn.py")]
    [TestCase("/a/b?c=d")]
    [TestCase("/%C3%A9")]
    [TestCase("http://elsewhere.example/x")]
    public async Task A_POST_may_go_to_any_path(string path)
    {
        await _client.SendAsync(
            RawHttp.Head($"POST {path} HTTP/1.1", $"Content-Length: {Register.Length}") + Register);
        Assert.That((await _client.ReadReplyAsync()).Body, Does.StartWith("0/0/"));
    }

    // The listener itself answers 404 to any other Host than its own address.
    [TestCase("127.0.0.1")]
    [TestCase("game.example")]
    [TestCase("game.example:8080")]
    public async Task A_server_bound_to_one_address_accepts_any_Host(string host)
    {
        await _client.SendAsync($"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n");
        Assert.That((await _client.ReadReplyAsync()).Body, Is.EqualTo("ok"));
    }

    [TestCase(Register, 200)]
    [TestCase("5,*,1,0,*", 400)]
    [TestCase("nonsense", 400)]
    public async Task Every_reply_has_the_headers_of_the_protocol(string body, int status)
    {
        var reply = await _client.PostAsync(body);
        Assert.That(reply.Status, Is.EqualTo(status));
        Assert.That(reply["Content-Type"], Is.EqualTo("text/plain; charset=utf-8"));
        Assert.That(reply["X-Content-Type-Options"], Is.EqualTo("nosniff"));
        Assert.That(reply["Content-Length"], Is.EqualTo($"{reply.Body.Length}"));
        Assert.That(reply.Body, Does.Not.EndWith("\n"));
        Assert.That(reply["Cache-Control"], Is.EqualTo("no-store"));
        Assert.That(reply["Keep-Alive"], Is.EqualTo(status == 200 ? "timeout=15, max=100" : null));
        Assert.That(reply["Transfer-Encoding"], Is.Null);
        Assert.That(reply["Retry-After"], Is.Null);
        Assert.That(reply["Preference-Applied"], Is.Null);
        Assert.That(reply["Access-Control-Allow-Origin"], Is.Null, "the request had no Origin");
        Assert.That(reply["Server"], Is.EqualTo("TurnServer"));
    }

    [TestCase("GET / HTTP/1.1", 200)]
    [TestCase("GET /healthz HTTP/1.1", 200)]
    [TestCase("GET /elsewhere HTTP/1.1", 404)]
    [TestCase("HEAD / HTTP/1.1", 200)]
    [TestCase("OPTIONS / HTTP/1.1", 204)]
    [TestCase("DELETE / HTTP/1.1", 405)]
    public async Task Every_reply_to_a_request_with_an_Origin_allows_it(string requestLine, int status)
    {
        var reply = await _client.GetAsync(requestLine, "Origin: http://game.example");
        Assert.That((reply.Status, reply["Access-Control-Allow-Origin"]), Is.EqualTo((status, "*")));
        Assert.That(reply["Access-Control-Allow-Headers"], Is.EqualTo("Content-Type, Prefer, Turn-Received"));
        Assert.That(reply["Access-Control-Expose-Headers"],
            Is.EqualTo("Preference-Applied, Retry-After, Turn-Counter, Turns-Taken, "
            + "Turns-Acknowledged, Partner-Silent"));
        Assert.That(reply["Vary"], Is.Null, "the same for every origin");
    }

    // Tracing libraries add headers to every request of a page.
    [TestCase("content-type,baggage,sentry-trace,traceparent,tracestate")]
    [TestCase("X-Anything, prefer")]
    public async Task A_preflight_allows_the_requested_headers(string requested)
    {
        var reply = await _client.GetAsync("OPTIONS / HTTP/1.1", "Origin: http://game.example",
            "Access-Control-Request-Method: POST", $"Access-Control-Request-Headers: {requested}");
        Assert.That((reply.Status, reply["Access-Control-Allow-Headers"]),
            Is.EqualTo((204, $"Content-Type, Prefer, Turn-Received, {requested}")));
    }

    [TestCase("nonsense: here")]
    [TestCase("a\u0001b")]
    [TestCase("\u00e9")]
    [TestCase("")]
    public async Task A_preflight_does_not_echo_a_malformed_header_list(string requested)
    {
        var reply = await _client.GetAsync("OPTIONS / HTTP/1.1", "Origin: http://game.example",
            $"Access-Control-Request-Headers: {requested}");
        Assert.That(reply.Status, Is.EqualTo(204).Or.EqualTo(400));
        Assert.That(reply["Access-Control-Allow-Headers"], Is.EqualTo("Content-Type, Prefer, Turn-Received").Or.Null);
    }

    [TestCase(Register, "Origin: http://game.example", 200)]
    [TestCase("nonsense", "Origin: null", 400)]
    public async Task Every_reply_to_a_POST_with_an_Origin_allows_it(string body, string origin, int status)
    {
        var reply = await _client.PostAsync(body, origin);
        Assert.That((reply.Status, reply["Access-Control-Allow-Origin"]), Is.EqualTo((status, "*")));
    }

    [Test]
    public async Task A_configured_origin_is_named_with_Vary()
    {
        await using var server = await ServerChild.StartAsync("--cors-origin", "https://game.example");
        await using var client = await RawHttp.ConnectAsync(server.Port);
        var with = await client.PostAsync(Register, "Origin: https://other.example");
        var without = await client.PostAsync(Register);
        Assert.That(with["Access-Control-Allow-Origin"], Is.EqualTo("https://game.example"));
        Assert.That(with["Vary"], Is.EqualTo("Origin"));
        Assert.That(without["Access-Control-Allow-Origin"], Is.Null);
    }
}
