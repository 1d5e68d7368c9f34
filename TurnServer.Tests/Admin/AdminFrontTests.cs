using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using TurnServer.Admin;
using TurnServer.Admin.Front;
using TurnServer.Http;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Admin;

/// <summary>What the admin port answers, and to whom.</summary>
internal sealed class AdminFrontTests : AdminFixture
{
    [TestCase("GET /healthz HTTP/1.1", 200, "ok\n")]
    [TestCase("HEAD /healthz HTTP/1.1", 200, "")]
    [TestCase("POST /healthz HTTP/1.1", 405, "this port answers GET only\n")]
    [TestCase("DELETE /healthz HTTP/1.1", 405, "this port answers GET only\n")]
    public async Task Only_GET_and_HEAD_are_answered(string requestLine, int status, string body)
    {
        var reply = await AskAsync(requestLine, "localhost", "Content-Length: 0");
        Assert.That((reply.Status, reply.Body), Is.EqualTo((status, body)));
        Assert.That(reply["Cache-Control"], Is.EqualTo("no-store"));
        Assert.That(reply["Content-Security-Policy"], Does.Contain("default-src 'none'"));
        Assert.That(reply["X-Content-Type-Options"], Is.EqualTo("nosniff"));
    }

    [Test]
    public async Task An_unknown_path_lists_the_known_ones()
    {
        var reply = await AskAsync("GET /elsewhere HTTP/1.1", "localhost");
        Assert.That(reply.Status, Is.EqualTo(404));
        Assert.That(reply.Body, Does.Contain("/healthz"));
    }

    [TestCase("localhost", 200)]
    [TestCase("LOCALHOST:9180", 200)]
    [TestCase("127.0.0.1", 200)]
    [TestCase("10.1.2.3:9180", 200)]
    [TestCase("[::1]:9180", 200)]
    [TestCase("evil.example", 421)]
    [TestCase("localhost.evil.example:9180", 421)]
    public async Task On_loopback_a_foreign_host_name_is_refused(string host, int status) =>
        Assert.That((await AskAsync("GET /healthz HTTP/1.1", host)).Status, Is.EqualTo(status));

    [Test]
    public async Task The_players_port_has_no_status_page()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        Assert.That((await client.GetAsync("GET /status HTTP/1.1")).Status, Is.EqualTo(404));
    }

    [Test]
    public void It_listens_on_loopback_by_default() =>
        Assert.That(Server.Errors, Does.Contain($"Serving the admin port on http://127.0.0.1:{AdminPort}/"));

    [Test]
    public async Task Without_the_flag_there_is_no_admin_port()
    {
        await using var server = await ServerChild.StartAsync();
        Assert.That(server.Errors, Does.Not.Contain("admin"));
    }

    [Test]
    public async Task On_all_addresses_every_host_name_is_answered()
    {
        var port = Ports.Next();
        await using var server = await ServerChild.StartAsync("--admin-port", $"{port}", "--admin-host", "0.0.0.0");
        await using var client = await RawHttp.ConnectAsync(port);
        Assert.That((await client.GetAsync("GET /healthz HTTP/1.1")).Status, Is.EqualTo(200));
    }

    [Test]
    public async Task A_port_in_use_is_reported_with_its_flag()
    {
        var server = ServerChild.Launch("--port", $"{Ports.Next()}", "--admin-port", $"{AdminPort}");
        await using (server)
        {
            Assert.That(await server.ExitCodeAsync(), Is.EqualTo(1));
            Assert.That(server.Errors, Does.Contain($"{AdminPort} is taken").And.Contain("--admin-port"));
        }
    }

    [Test]
    public async Task An_endpoint_that_throws_is_500_and_the_next_request_is_answered()
    {
        var port = Ports.Next();
        var log = new RecordingLog();
        var endpoints = new Dictionary<string, AdminEndpoint>
        {
            ["/bug"] = _ => throw new InvalidOperationException("a bug"),
            ["/well"] = _ => ValueTask.FromResult(AdminReply.Line(200, "well")),
        };
        await ListenerStart.WarmUpAsync();
        using var front = AdminFront.Start(new AdminOptions { Port = port, Host = null }, endpoints, log);
        _ = front.RunAsync();
        // More than are answered at once, so that a loop that ended would show.
        for (var i = 0; i < 8; i++)
        {
            await using var client = await RawHttp.ConnectAsync(port);
            Assert.That((await client.GetAsync("GET /bug HTTP/1.1")).Status, Is.EqualTo(500));
        }

        await using var other = await RawHttp.ConnectAsync(port);
        Assert.That((await other.GetAsync("GET /well HTTP/1.1")).Status, Is.EqualTo(200));
        Assert.That(log.Entries.Count(entry => entry.Level == LogLevel.Error), Is.EqualTo(8));
    }

    [Test]
    public async Task Clients_that_reset_before_the_reply_stop_nothing()
    {
        // Fewer than the port's limit: on a busy machine none may have been closed by the server yet.
        for (var i = 0; i < AdminFront.ConnectionsMax - 2; i++)
        {
            await using var client = await RawHttp.ConnectAsync(AdminPort);
            await client.SendAsync($"GET /status.json?search={i} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            // Closes with a reset, so that sending the reply fails.
            client.Socket.LingerState = new LingerOption(true, 0);
        }

        Assert.That((await AskAsync("GET /healthz HTTP/1.1", "localhost")).Status, Is.EqualTo(200));
        Assert.That(Server.HasExited, Is.False);
    }

    [Test]
    public async Task The_same_port_for_players_and_operator_is_refused()
    {
        await using var server = ServerChild.Launch("--port", "8080", "--admin-port", "8080");
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(2));
        Assert.That(server.Errors, Does.Contain("--admin-port 8080: give a port other than that of --port."));
    }

    private async Task<RawReply> AskAsync(string requestLine, string host, params string[] headers)
    {
        await using var client = await RawHttp.ConnectAsync(AdminPort);
        await client.SendAsync($"{requestLine}\r\nHost: {host}\r\n"
            + string.Concat(headers.Select(header => header + "\r\n")) + "\r\n");
        return await client.ReadReplyAsync(isHead: requestLine.StartsWith("HEAD", StringComparison.Ordinal));
    }
}
