using System.Net;
using System.Net.Sockets;
using TurnServer.Client;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>URLs where something else answers, or nothing.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class WrongServerTests
{
    private const string Page = "<html>hello</html>";

    [TestCase("HTTP/1.1 404 Not Found\r\nContent-Length: 18\r\n\r\n" + Page, "404 Not Found")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n" + Page, "200 OK, but not like a turn server")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 OK")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n0/3/X", "StartServer to Register")]
    [TestCase("HTTP/1.1 301 Moved\r\nLocation: http://else.example/\r\nContent-Length: 0\r\n\r\n",
        "redirects to http://else.example/")]
    [TestCase("SSH-2.0-OpenSSH_9.6\r\n\r\n", "not HTTP")]
    [TestCase("\0\u0001\u0002\u00ff\u00ff\r\n\r\n", "not HTTP")]
    public async Task Anything_but_a_turn_server_is_reported_without_a_retry(string answer, string says)
    {
        await using var server = new CannedServer(answer);
        var fault = await RegisterAsync(server);
        Assert.That(fault!.Kind, Is.EqualTo(TurnFaultKind.NotTurnServer), fault.Meaning);
        Assert.That(fault.Meaning, Does.StartWith("this is not a turn server: ").And.Contain(says));
        Assert.That(server.Requests, Is.EqualTo(1));
    }

    [Test]
    public async Task An_endless_answer_is_read_up_to_the_length_of_a_reply()
    {
        var chunk = "10000\r\n" + new string('x', 0x10000) + "\r\n";
        await using var endless = new CannedServer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk);
        await using var huge = new CannedServer("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n0/0/");
        var faults = new[] { await RegisterAsync(endless), await RegisterAsync(huge) };
        Assert.That(faults.Select(fault => fault!.Kind), Has.All.EqualTo(TurnFaultKind.NotTurnServer));
        Assert.That(faults.Select(fault => fault!.Meaning), Has.All.Contains("longer than any turn server's"));
        // Socket buffers hold a few megabytes.
        Assert.That(endless.SentBytes, Is.LessThan(50_000_000));
    }

    [Test]
    public async Task An_answer_that_never_ends_times_out()
    {
        await using var server = new CannedServer("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n0/0/");
        var fault = await RegisterAsync(server, TimeSpan.FromMilliseconds(200));
        Assert.That(fault!.Kind, Is.EqualTo(TurnFaultKind.Unreachable));
        Assert.That(fault.Meaning, Does.Contain("no answer within 0.2 s"));
    }

    [Test]
    public async Task A_closed_port_is_unreachable()
    {
        using var http = TurnClient.CreateHttp();
        var options = new TurnClientOptions { Patience = TimeSpan.FromMilliseconds(200) };
        var client = new TurnClient(http, new Uri($"http://127.0.0.1:{Ports.Next()}/"), options);
        var fault = await client.RegisterAsync("Ann");
        Assert.That(fault!.Kind, Is.EqualTo(TurnFaultKind.Unreachable));
        Assert.That(fault.Meaning, Does.StartWith("the server cannot be reached: "));
    }

    [Test]
    public async Task A_server_without_TLS_is_reported_for_https()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var http = TurnClient.CreateHttp();
        // Without patience there is one attempt.
        var client = new TurnClient(http, new Uri($"https://{listener.LocalEndpoint}/"), new() { Patience = default });
        var registering = client.RegisterAsync("Ann");
        using var connection = await listener.AcceptTcpClientAsync().WaitAsync(TestWait.Timeout);
        await connection.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
        var fault = await registering.WaitAsync(TestWait.Timeout);
        Assert.That(fault!.Kind, Is.EqualTo(TurnFaultKind.Unreachable));
        Assert.That(fault.Meaning,
            Does.StartWith("the server cannot be reached: no TLS, as https:// asks for: ").And.Not.EndWith("."));
    }

    private static async Task<TurnFault?> RegisterAsync(CannedServer server, TimeSpan? replyTimeout = null)
    {
        using var http = TurnClient.CreateHttp();
        var options = new TurnClientOptions
        {
            ReplyTimeout = replyTimeout ?? TestWait.Timeout,
            Patience = TimeSpan.FromMilliseconds(500),
        };
        return await new TurnClient(http, server.Url, options).RegisterAsync("Ann").WaitAsync(2 * TestWait.Timeout);
    }
}
