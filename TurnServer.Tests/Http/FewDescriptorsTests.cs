using System.Net.Sockets;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>More connections than the limit. Passes only with both bounds of <c>ConnectionGuard</c>.</summary>
[Category("Process")]
[Parallelizable(ParallelScope.All)]
internal sealed class FewDescriptorsTests
{
    private const int DescriptorLimit = 250;
    private const int ClientCount = 1000;
    private const int Bursts = 8;

    // Few enough connections for another one to be accepted.
    private const int SocketsMore = 20;

    // About the listener's own backlog.
    private const int BurstCount = 480;

    private static readonly TimeSpan BurstDuration = TimeSpan.FromMilliseconds(300);

    private static readonly string[] Limited = ["prlimit", $"--nofile={DescriptorLimit}:{DescriptorLimit}"];

    [Test]
    public async Task With_few_descriptors_the_server_sheds_connections_logs_it_once_and_stays_up()
    {
        await using var server = await ServerChild.StartUnderAsync(Limited);
        await using var player = await RawHttp.ConnectAsync(server.Port);
        var key = await player.RegisterAsync("0,Player,*,Nobody,*");
        var before = server.Sockets;
        var clients = new List<RawHttp?>();
        for (var i = 0; i < ClientCount; i++)
            clients.Add(await RawHttp.TryConnectAsync(server.Port));
        await server.WaitForLogAsync("closing new connections");
        var reply = await player.PostAsync($"2,*,{key},*,*");
        Assert.That(reply.Body, Is.EqualTo("0/2/*"), "an established player is not affected");

        // Again, all at once.
        var more = await Task.WhenAll(
            Enumerable.Range(0, ClientCount).Select(_ => RawHttp.TryConnectAsync(server.Port)));
        clients.AddRange(more);
        foreach (var client in clients)
            await (client?.DisposeAsync() ?? ValueTask.CompletedTask);
        Assert.That(server.HasExited, Is.False, server.Errors);
        await TestWait.UntilAsync(() => server.Sockets < before + SocketsMore, "the connections are closed");
        await using var other = await RawHttp.ConnectAsync(server.Port);
        Assert.That((await other.PostAsync("0,Other,*,Nobody,*")).Body, Does.StartWith("0/0/"));
        Assert.That(server.Errors.Split("closing new connections"), Has.Length.EqualTo(2),
            "logged at most once a minute");
        Assert.That(server.Errors,
            Does.Not.Contain("Unhandled").And.Not.Contain("error:").And.Not.Contain("Too many"));
    }

    // The connections wait in the backlog while the server is paused, and are then accepted at full speed; on one core,
    // so that the guard, which checks every millisecond, gets no CPU time.
    [Test]
    public async Task With_few_descriptors_a_burst_of_connections_does_not_crash_the_server()
    {
        await using var server = await ServerChild.StartUnderAsync(["taskset", "-c", "0", .. Limited]);
        var before = server.Sockets;
        for (var burst = 0; burst < Bursts; burst++)
        {
            await server.PauseAsync();
            var connecting = Enumerable.Range(0, BurstCount)
                .Select(_ => RawHttp.TryConnectAsync(server.Port)).ToArray();
            await Task.WhenAny(Task.WhenAll(connecting), Task.Delay(BurstDuration));
            server.Resume();
            var clients = await Task.WhenAll(connecting);
            await TestWait.UntilAsync(() => server.HasExited || clients.Count(IsClosed) > BurstCount / 2,
                "it sheds");
            Assert.That(server.HasExited, Is.False, server.Errors);
            foreach (var client in clients)
                await (client?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        await TestWait.UntilAsync(() => server.Sockets < before + SocketsMore, "the connections are closed");
        await using var other = await RawHttp.ConnectAsync(server.Port);
        Assert.That((await other.GetAsync("GET /healthz HTTP/1.1")).Body, Is.EqualTo("ok"));
    }

    [Test]
    public async Task A_request_on_a_connection_above_the_limit_is_answered_503()
    {
        await using var server = await ServerChild.StartAsync("--max-connections", "2");
        var (first, key) = await RegisterAsync(server.Port);
        var (second, _) = await RegisterAsync(server.Port);
        RawReply? refused = null;
        for (var attempt = 0; attempt < 200 && refused is null; attempt++)
        {
            // Most connections are closed before they send a request.
            try
            {
                await using var third = await RawHttp.ConnectAsync(server.Port);
                refused = await third.PostAsync("0,Third,*,Nobody,*", "Origin: http://game.example");
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                continue;
            }
        }

        Assert.That(refused, Is.Not.Null, "one of 200 is faster than the guard");
        Assert.That((refused!.Status, refused.Body, refused["Retry-After"]), Is.EqualTo((503, "23/*/*", "1")));
        Assert.That(refused["Access-Control-Allow-Origin"], Is.EqualTo("*"));
        Assert.That((await first.PostAsync($"2,*,{key},*,*")).Body, Is.EqualTo("0/2/*"));
        await first.DisposeAsync();
        await second.DisposeAsync();
    }

    [Test]
    public async Task A_WebSocket_counts_as_a_connection_and_is_refused_above_the_limit()
    {
        await using var server = await ServerChild.StartAsync("--max-connections", "2");
        var (first, key) = await RegisterAsync(server.Port);
        await using var socket = await RawWebSocket.OpenAsync(first.Socket);
        var (second, _) = await RegisterAsync(server.Port);
        var refused = 0;
        for (var attempt = 0; attempt < 200 && refused == 0; attempt++)
        {
            // Most connections are closed before they send a request.
            try
            {
                await using var third = await RawHttp.ConnectAsync(server.Port);
                refused = (await third.GetAsync("GET / HTTP/1.1", RawWebSocket.Headers)).Status;
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                continue;
            }
        }

        Assert.That(refused, Is.EqualTo(503), "one of 200 is faster than the guard");
        Assert.That(await socket.AskAsync($"2,*,{key},*,*"), Is.EqualTo("0/2/*"), "an open one is not affected");
        await second.DisposeAsync();
    }

    [Test]
    public async Task A_connection_limit_above_the_descriptor_limit_is_refused_at_start()
    {
        await using var server = ServerChild.Launch(Limited, null, 0,
            ["--port", $"{Ports.Next()}", "--max-connections", "1000"]);
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(1));
        Assert.That(server.Errors, Does.Contain("--max-connections").And.Contain("250").And.Not.Contain("   at "));
    }

    private static bool IsClosed(RawHttp? client) => client is null || client.Socket.Poll(0, SelectMode.SelectRead);

    // Registers a player. While earlier connections are still counted, attempts may be refused.
    private static async Task<(RawHttp Player, string Key)> RegisterAsync(int port)
    {
        for (var attempt = 0; attempt < 200; attempt++)
        {
            if (await RawHttp.TryConnectAsync(port) is not { } player)
                continue;
            try
            {
                var reply = await player.PostAsync("0,Player,*,Nobody,*");
                if (reply.Status == 200)
                    return (player, reply.DataAfter("0/0/"));
            }
            catch (IOException)
            {
                // Closed before its request was read.
            }

            await player.DisposeAsync();
        }

        throw new AssertionException("No player could register.");
    }
}
