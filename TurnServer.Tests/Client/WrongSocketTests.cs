using TurnServer.Client;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>URLs of WebSockets where something else answers, or nothing.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class WrongSocketTests
{
    private const string NoSocket = "and opens no WebSocket; an older server, or one behind a proxy that lets none "
        + "through, can be reached with http://";

    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n0.0001", "it answers 200 OK " + NoSocket)]
    [TestCase("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n", "it answers 400 Bad Request " + NoSocket)]
    [TestCase("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "it answers 404 Not Found " + NoSocket)]
    [TestCase("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n",
        "it answers 426 Upgrade Required " + NoSocket)]
    [TestCase("HTTP/1.1 301 Moved\r\nLocation: http://else.example/\r\nContent-Length: 0\r\n\r\n",
        "it redirects to http://else.example/")]
    [TestCase("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "its answer opens no WebSocket")]
    [TestCase("SSH-2.0-OpenSSH_9.6\r\n\r\n", "its answer is not HTTP")]
    public async Task Anything_but_a_turn_server_is_reported_without_a_retry(string answer, string says)
    {
        await using var server = new CannedServer(answer);
        var fault = await RegisterAsync(server.Url.Over(Transports.WebSocket));
        Assert.That(fault!.Kind, Is.EqualTo(TurnFaultKind.NotTurnServer), fault.Meaning);
        Assert.That(fault.Meaning, Does.StartWith("this is not a turn server: ").And.Contain(says));
        Assert.That(server.Requests, Is.EqualTo(1));
    }

    [TestCase("503 Service Unavailable")]
    [TestCase("429 Too Many Requests")]
    [TestCase("502 Bad Gateway")]
    public async Task An_error_page_of_a_proxy_is_retried(string status)
    {
        await using var server = new CannedServer($"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        var fault = await RegisterAsync(server.Url.Over(Transports.WebSocket));
        Assert.That(fault!.Meaning, Is.EqualTo($"the server cannot be reached: the answer was {status}"));
        Assert.That(server.Requests, Is.GreaterThan(1));
    }

    [TestCase(null)]
    [TestCase("chat")]
    public async Task A_WebSocket_for_something_else_is_reported(string? subprotocol)
    {
        await using var server = new SocketServer((_, _, _) => Task.CompletedTask, subprotocol);
        var fault = await RegisterAsync(server.Url);
        Assert.That((fault!.Kind, server.Connections), Is.EqualTo((TurnFaultKind.NotTurnServer, 1)));
        Assert.That(fault.Meaning, Does.EndWith("its WebSocket at / is not one for turns"));
    }

    [TestCase("hello", "it sends messages that are no replies")]
    [TestCase("1 hello", "it does not answer like one")]
    [TestCase("1 0/3/X", "it answers StartServer to Register")]
    public async Task Messages_that_are_no_replies_are_reported(string message, string says)
    {
        await using var server = new SocketServer(async (socket, _, stop) =>
        {
            await SocketHandshake.ReadAsync(socket, stop);
            await SocketHandshake.SendAsync(socket, message, stop);
            await SocketHandshake.ReadAsync(socket, stop);
        });
        var fault = await RegisterAsync(server.Url);
        Assert.That((fault!.Kind, server.Connections), Is.EqualTo((TurnFaultKind.NotTurnServer, 1)));
        Assert.That(fault.Meaning, Does.EndWith(says));
    }

    [Test]
    public async Task An_endless_message_is_read_up_to_the_length_of_a_reply()
    {
        var sentBytes = 0L;
        await using var server = new SocketServer(async (socket, _, stop) =>
        {
            await SocketHandshake.ReadAsync(socket, stop);
            var part = new byte[0x10000];
            part.AsSpan().Fill((byte)'1');
            for (; ; sentBytes += part.Length)
                await socket.SendAsync(part, System.Net.WebSockets.WebSocketMessageType.Text, false, stop);
        });
        var fault = await RegisterAsync(server.Url);
        Assert.That(fault!.Meaning, Does.EndWith("its answer is longer than any turn server's"));
        // Socket buffers hold a few megabytes.
        Assert.That(Interlocked.Read(ref sentBytes), Is.LessThan(50_000_000));
    }

    [Test]
    public async Task A_closed_port_is_unreachable()
    {
        var fault = await RegisterAsync(new Uri($"ws://127.0.0.1:{Ports.Next()}/"));
        Assert.That(fault!.Kind, Is.EqualTo(TurnFaultKind.Unreachable));
        Assert.That(fault.Meaning, Does.StartWith("the server cannot be reached: ").And.Contains("refused"));
    }

    [Test]
    public async Task A_server_without_TLS_is_reported_for_wss()
    {
        await using var server = new LoopbackServer(async (client, stop) =>
            await client.SendAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), stop));
        var fault = await RegisterAsync(server.Url.Over("wss"));
        Assert.That(fault!.Kind, Is.EqualTo(TurnFaultKind.Unreachable));
        Assert.That(fault.Meaning, Does.StartWith("the server cannot be reached: no TLS, as wss:// asks for: "));
    }

    [Test]
    public async Task A_handshake_without_an_answer_is_lost_after_the_timeout()
    {
        await using var server = new LoopbackServer((_, stop) => Task.Delay(Timeout.Infinite, stop));
        var fault = await RegisterAsync(server.Url.Over(Transports.WebSocket), TimeSpan.FromMilliseconds(200));
        Assert.That(fault!.Meaning, Is.EqualTo("the server cannot be reached: no answer within 0.2 s"));
    }

    private static async Task<TurnFault?> RegisterAsync(Uri url, TimeSpan? replyTimeout = null)
    {
        using var http = TurnClient.CreateHttp();
        var options = new TurnClientOptions
        {
            ReplyTimeout = replyTimeout ?? TestWait.Timeout,
            Patience = TimeSpan.FromMilliseconds(500),
        };
        return await new TurnClient(http, url, options).RegisterAsync("Ann").WaitAsync(2 * TestWait.Timeout);
    }
}
