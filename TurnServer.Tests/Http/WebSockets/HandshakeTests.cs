using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http.WebSockets;

/// <summary>Requests for a WebSocket: which are accepted, and what the others get (PROTOCOL.md).</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class HandshakeTests : ServerFixture
{
    private const string Get = "GET / HTTP/1.1";

    [Test]
    public async Task An_upgrade_is_answered_101_with_the_headers_of_RFC_6455()
    {
        var reply = await UpgradeAsync(Get, RawWebSocket.Headers);
        Assert.That(reply.Status, Is.EqualTo(101));
        Assert.That(reply["Upgrade"], Is.EqualTo("websocket").IgnoreCase);
        Assert.That(reply["Connection"], Is.EqualTo("Upgrade").IgnoreCase);
        Assert.That(reply["Sec-WebSocket-Accept"], Is.EqualTo(RawWebSocket.Accept));
        Assert.That(reply["Sec-WebSocket-Protocol"], Is.EqualTo("turn.1"));
        Assert.That(reply["Sec-WebSocket-Extensions"], Is.Null);
        Assert.That(reply["Server"], Is.EqualTo("TurnServer"));
    }

    [TestCase("Connection", "keep-alive, Upgrade")]
    [TestCase("Connection", "UPGRADE")]
    [TestCase("Upgrade", "WebSocket")]
    [TestCase("Upgrade", "h2c, websocket")]
    [TestCase("Sec-WebSocket-Protocol", "chat, turn.1")]
    [TestCase("Sec-WebSocket-Protocol", "turn.2,turn.1")]
    [TestCase("Sec-WebSocket-Version", " 13 ")]
    [TestCase("Origin", "http://anywhere.example")]
    public async Task These_upgrades_are_accepted_too(string header, string value)
    {
        var reply = await UpgradeAsync(Get, RawWebSocket.HeadersWith((header, value)));
        Assert.That((reply.Status, reply["Sec-WebSocket-Protocol"]), Is.EqualTo((101, "turn.1")), reply.Body);
    }

    [TestCase("Connection", null, 400, "Connection: Upgrade")]
    [TestCase("Connection", "keep-alive", 400, "Connection: Upgrade")]
    [TestCase("Connection", "not-Upgrade", 400, "Connection: Upgrade")]
    [TestCase("Sec-WebSocket-Version", null, 426, "13")]
    [TestCase("Sec-WebSocket-Version", "12", 426, "13")]
    [TestCase("Sec-WebSocket-Version", "8, 13", 426, "13")]
    [TestCase("Sec-WebSocket-Key", null, 400, "Sec-WebSocket-Key")]
    [TestCase("Sec-WebSocket-Key", "", 400, "Sec-WebSocket-Key")]
    [TestCase("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ", 400, "Sec-WebSocket-Key")]
    [TestCase("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j", 400, "Sec-WebSocket-Key")]
    [TestCase("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZSEh", 400, "Sec-WebSocket-Key")]
    [TestCase("Sec-WebSocket-Key", "!!!!!!!!!!!!!!!!!!!!!!==", 400, "Sec-WebSocket-Key")]
    [TestCase("Sec-WebSocket-Protocol", null, 400, "turn.1")]
    [TestCase("Sec-WebSocket-Protocol", "chat", 400, "turn.1")]
    [TestCase("Sec-WebSocket-Protocol", "TURN.1", 400, "turn.1")]
    [TestCase("Sec-WebSocket-Protocol", "turn.10", 400, "turn.1")]
    public async Task A_malformed_upgrade_is_refused_with_the_reason(string header, string? value, int status,
        string reason)
    {
        var reply = await UpgradeAsync(Get, RawWebSocket.HeadersWith((header, value)));
        Assert.That(reply.Status, Is.EqualTo(status));
        Assert.That(reply.Body, Does.Contain(reason));
        Assert.That(reply["Sec-WebSocket-Version"], Is.EqualTo(status == 426 ? "13" : null));
        Assert.That(reply["Upgrade"], Is.EqualTo(status == 426 ? "websocket" : null));
        Assert.That(reply["Connection"], Is.EqualTo(status == 426 ? "Upgrade" : "close"));
        Assert.That(reply["Sec-WebSocket-Accept"], Is.Null);
    }

    [Test]
    public async Task An_upgrade_by_HTTP_1_0_is_refused()
    {
        var reply = await UpgradeAsync("GET / HTTP/1.0", RawWebSocket.Headers);
        Assert.That(reply.Status, Is.EqualTo(400));
        Assert.That(reply.Body, Does.Contain("HTTP/1.1"));
    }

    [TestCase("GET /elsewhere HTTP/1.1", 404, "not found")]
    [TestCase("GET /healthz HTTP/1.1", 200, "ok")]
    [TestCase("GET /waiting?pool=none HTTP/1.1", 200, "0 0")]
    public async Task Other_paths_ignore_the_upgrade(string requestLine, int status, string body)
    {
        var reply = await UpgradeAsync(requestLine, RawWebSocket.Headers);
        Assert.That((reply.Status, reply.Body), Is.EqualTo((status, body)));
    }

    [Test]
    public async Task A_POST_ignores_the_upgrade()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        Assert.That((await client.PostAsync("0,Ann,*,Nobody,*", RawWebSocket.Headers)).Body, Does.StartWith("0/0/"));
    }

    [Test]
    public async Task HEAD_ignores_the_upgrade()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        Assert.That((await client.GetAsync("HEAD / HTTP/1.1", RawWebSocket.Headers)).Status, Is.EqualTo(200));
    }

    [TestCase("h2c")]
    [TestCase("websocket2")]
    public async Task Any_other_upgrade_is_ignored(string upgrade)
    {
        var reply = await UpgradeAsync(Get, RawWebSocket.HeadersWith(("Upgrade", upgrade)));
        Assert.That((reply.Status, reply.Closes), Is.EqualTo((200, false)));
    }

    // The listener would lose them.
    [Test]
    public async Task Bytes_before_the_reply_are_refused()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await client.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(RawHttp.Head(Get, RawWebSocket.Headers)),
            .. SocketFrame.Message("1 1,*,1,*,*")]);
        var reply = await client.ReadReplyAsync();
        Assert.That((reply.Status, reply.Body), Is.EqualTo((400, "send nothing before the reply 101")));
    }

    [Test]
    public async Task A_head_that_arrives_in_two_pieces_is_accepted()
    {
        var head = Encoding.ASCII.GetBytes(RawHttp.Head(Get, RawWebSocket.Headers));
        var replies = await RawHttp.SendSplitAnywhereAsync(Server.Port, head);
        Assert.That(replies.Select(reply => reply.Status), Has.All.EqualTo(101));
    }

    [Test]
    public async Task A_connection_that_has_carried_requests_may_become_a_WebSocket()
    {
        var client = await RawHttp.ConnectAsync(Server.Port);
        var key = await client.RegisterAsync("0,Before,*,Nobody,*");
        await using var socket = await RawWebSocket.OpenAsync(client.Socket);
        Assert.That(await socket.AskAsync($"2,*,{key},*,*"), Is.EqualTo("0/2/*"));
    }

    [Test]
    public async Task With_a_configured_origin_pages_of_others_are_refused()
    {
        await using var server = await ServerChild.StartAsync("--cors-origin", "https://game.example");
        await using var own = await RawWebSocket.ConnectAsync(server.Port, "Origin: https://game.example");
        await using var app = await RawWebSocket.ConnectAsync(server.Port);
        await using var client = await RawHttp.ConnectAsync(server.Port);
        foreach (var origin in new[] { "https://other.example", "https://GAME.example", "null", "" })
        {
            await using var other = await RawHttp.ConnectAsync(server.Port);
            var refused = await other.GetAsync(Get, [.. RawWebSocket.Headers, $"Origin: {origin}"]);
            Assert.That(refused.Status, Is.EqualTo(403), origin);
            Assert.That(refused["Access-Control-Allow-Origin"], Is.EqualTo("https://game.example"), origin);
        }
    }

    private async Task<RawReply> UpgradeAsync(string requestLine, string[] headers)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        return await client.GetAsync(requestLine, headers);
    }
}
