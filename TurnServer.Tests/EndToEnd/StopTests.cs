using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>How the server stops.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class StopTests
{
    private const string Register = "0,Ann,*,Nobody,*";

    [TestCase(PosixSignal.SIGTERM)]
    [TestCase(PosixSignal.SIGINT, Category = "Slow")]
    [TestCase(PosixSignal.SIGHUP, Category = "Slow")]
    public async Task An_idle_server_exits_with_0_on_a_signal(PosixSignal signal)
    {
        await using var server = await ServerChild.StartAsync();
        await using var idle = await RawHttp.ConnectAsync(server.Port);
        await using var kept = await RawHttp.ConnectAsync(server.Port);
        await kept.PostAsync(Register);
        server.Signal(signal);
        Assert.That(await server.ExitCodeAsync(TimeSpan.FromSeconds(4)), Is.Zero);
        Assert.That(server.Errors, Does.Contain($"Stopped on {signal} after"));
        // HttpListener.Stop would send an empty 200 to both.
        Assert.That(await idle.ReadToEndAsync(), Is.Empty);
        Assert.That(await kept.ReadToEndAsync(), Is.Empty);
    }

    // As with nohup, or as a shell does for background jobs.
    [TestCase("HUP", PosixSignal.SIGHUP)]
    [TestCase("INT", PosixSignal.SIGINT, Category = "Slow")]
    public async Task A_signal_that_is_ignored_at_the_start_stays_ignored(string name, PosixSignal signal)
    {
        await using var server = await ServerChild.StartUnderAsync(
            ["sh", "-c", $"trap '' {name}; exec \"$@\"", "sh"], "--log-level", "debug");
        server.Signal(signal);
        await using var client = await RawHttp.ConnectAsync(server.Port);
        Assert.That((await client.PostAsync(Register)).Body, Does.StartWith("0/0/"));
        server.Signal(PosixSignal.SIGTERM);
        Assert.That(await server.ExitCodeAsync(), Is.Zero);
        Assert.That(server.Errors, Does.Contain("Stopping on SIGTERM").And.Not.Contain($"{signal}"));
    }

    [Test]
    public async Task Held_replies_are_sent_unchanged()
    {
        await using var server = await ServerChild.StartAsync();
        await using var lone = await RawHttp.ConnectAsync(server.Port);
        await using var pair = await RawPair.StartAsync(server.Port, "Held");
        var key = await lone.RegisterAsync(Register);
        var waiting = await lone.HoldAsync($"2,*,{key},*,*");
        var playing = await pair.Players[0].HoldAsync(pair.Update(0, 0, "turn"));
        server.Signal(PosixSignal.SIGTERM);
        var replies = new[] { await waiting.ReadReplyAsync(), await playing.ReadReplyAsync() };
        // HoldAsync sends the update twice; either copy may be the held one.
        Assert.That(replies[0].Body, Is.EqualTo("0/2/*"));
        Assert.That(replies[1].Body, Is.EqualTo("0/10/*").Or.EqualTo("0/11/*"));
        Assert.That(replies.Select(reply => reply.Closes), Has.All.True);
        Assert.That(await server.ExitCodeAsync(TimeSpan.FromSeconds(4)), Is.Zero);
    }

    [Test]
    public async Task WebSockets_get_their_held_replies_and_are_closed_with_1001()
    {
        await using var server = await ServerChild.StartAsync();
        await using var socket = await RawWebSocket.ConnectAsync(server.Port);
        await using var idle = await RawWebSocket.ConnectAsync(server.Port);
        var key = await socket.RegisterAsync(Register);
        await socket.SendAsync($"77;wait=20 2,*,{key},*,*");
        await socket.AskAsync("1,*,1,*,*");
        server.Signal(PosixSignal.SIGTERM);
        Assert.That(await socket.ReadAsync(), Is.EqualTo("77;wait=20 0/2/*"));
        Assert.That((await socket.ReadFrameAsync())?.Code, Is.EqualTo(1001));
        Assert.That((await idle.ReadFrameAsync())?.Code, Is.EqualTo(1001));
        Assert.That(await server.ExitCodeAsync(TimeSpan.FromSeconds(4)), Is.Zero);
        Assert.That(server.Errors, Does.Not.Contain("error:"));
    }

    [Test]
    public async Task A_request_with_half_its_body_is_completed_and_new_connections_are_refused()
    {
        await using var server = await ServerChild.StartAsync("--log-level", "debug");
        await using var client = await RawHttp.ConnectAsync(server.Port);
        await StartBodyAsync(server, client);
        server.Signal(PosixSignal.SIGTERM);
        await server.WaitForLogAsync("Stopping on SIGTERM: 1 requests in progress");
        await TestWait.UntilAsync(() => IsRefused(server.Port), "new connections are refused");
        await client.SendAsync(Register[3..]);
        var reply = await client.ReadReplyAsync();
        Assert.That((reply.Body[..4], reply.Closes), Is.EqualTo(("0/0/", true)));
        Assert.That(await server.ExitCodeAsync(TimeSpan.FromSeconds(4)), Is.Zero);
    }

    [Test, Category("Slow")]
    public async Task The_stop_waits_5_seconds_for_an_incomplete_body()
    {
        await using var server = await ServerChild.StartAsync();
        await using var client = await RawHttp.ConnectAsync(server.Port);
        await StartBodyAsync(server, client);
        var startedAt = Stopwatch.GetTimestamp();
        server.Signal(PosixSignal.SIGINT);
        Assert.That(await server.ExitCodeAsync(), Is.Zero);
        Assert.That(Stopwatch.GetElapsedTime(startedAt).TotalSeconds, Is.InRange(4.5, 9));
        Assert.That(server.Errors, Does.Contain("Stopped with 1 requests unanswered"));
    }

    [TestCase(PosixSignal.SIGTERM, PosixSignal.SIGTERM, Category = "Slow")]
    [TestCase(PosixSignal.SIGINT, PosixSignal.SIGINT, Category = "Slow")]
    [TestCase(PosixSignal.SIGTERM, PosixSignal.SIGINT)]
    public async Task A_second_signal_ends_the_process_at_once(PosixSignal first, PosixSignal second)
    {
        await using var server = await ServerChild.StartAsync("--log-level", "debug");
        await using var client = await RawHttp.ConnectAsync(server.Port);
        await StartBodyAsync(server, client);
        server.Signal(first);
        await server.WaitForLogAsync("Stopping on");
        var startedAt = Stopwatch.GetTimestamp();
        server.Signal(second);
        Assert.That(await server.ExitCodeAsync(), Is.Not.Zero, "a request was not completed");
        Assert.That(Stopwatch.GetElapsedTime(startedAt).TotalSeconds, Is.LessThan(3));
    }

    [Test]
    public async Task A_server_that_stopped_can_start_again_on_its_port()
    {
        await using var server = await ServerChild.StartAsync();
        await using var client = await RawHttp.ConnectAsync(server.Port);
        await client.PostAsync(Register);
        server.Signal(PosixSignal.SIGTERM);
        await server.ExitCodeAsync();
        await using var next = ServerChild.Launch([], null, server.Port, ["--port", $"{server.Port}"]);
        await next.WaitUntilListeningAsync();
    }

    // Sends half a body and makes sure that the server is reading it.
    private static async Task StartBodyAsync(ServerChild server, RawHttp client)
    {
        await client.SendAsync(RawHttp.Head("POST / HTTP/1.1", $"Content-Length: {Register.Length}") + Register[..3]);
        // Once later requests are answered, the first is in progress.
        await using var other = await RawHttp.ConnectAsync(server.Port);
        for (var i = 0; i < 20; i++)
            await other.GetAsync("GET /healthz HTTP/1.1");
    }

    private static bool IsRefused(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(System.Net.IPAddress.Loopback, port);
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
