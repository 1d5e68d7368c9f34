using System.Net.Sockets;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>More connections than there is room for. Passes only with <c>ConnectionGuard</c>'s two bounds.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class FewDescriptorsTests
{
    private const int DescriptorLimit = 250;
    private const int ClientCount = 1000;
    private const int Bursts = 8;

    // Few enough connections to let another in.
    private const int SocketsMore = 20;

    // About the listener's backlog.
    private const int BurstCount = 480;

    private static readonly TimeSpan BurstGathers = TimeSpan.FromMilliseconds(300);

    private static readonly string[] Limited = ["prlimit", $"--nofile={DescriptorLimit}:{DescriptorLimit}"];

    [Test]
    public async Task With_few_descriptors_it_sheds_connections_says_so_once_and_goes_on()
    {
        await using var server = await ServerChild.StartUnderAsync(Limited);
        await using var player = await RawHttp.ConnectAsync(server.Port);
        var key = (await player.PostAsync("0,Player,*,Nobody,*")).Body["0/0/".Length..];
        var before = server.Sockets;
        var clients = new List<RawHttp?>();
        for (var i = 0; i < ClientCount; i++)
            clients.Add(await RawHttp.TryConnectAsync(server.Port));
        await server.WaitForLogAsync("closing new ones");
        var reply = await player.PostAsync($"2,*,{key},*,*");
        Assert.That(reply.Body, Is.EqualTo("0/2/*"), "those that play keep playing");

        // Again, in one go.
        var more = await Task.WhenAll(Enumerable.Range(0, ClientCount).Select(_ => RawHttp.TryConnectAsync(server.Port)));
        clients.AddRange(more);
        foreach (var client in clients)
            await (client?.DisposeAsync() ?? ValueTask.CompletedTask);
        Assert.That(server.HasExited, Is.False, server.Errors);
        await TestWait.UntilAsync(() => server.Sockets < before + SocketsMore, "the connections are gone");
        await using var other = await RawHttp.ConnectAsync(server.Port);
        Assert.That((await other.PostAsync("0,Other,*,Nobody,*")).Body, Does.StartWith("0/0/"));
        Assert.That(server.Errors.Split("closing new ones"), Has.Length.EqualTo(2), "one line a minute");
        Assert.That(server.Errors, Does.Not.Contain("Unhandled").And.Not.Contain("error:").And.Not.Contain("Too many"));
    }

    // They wait in the kernel while it is paused, and are then accepted as fast as it can; on one core, so that the
    // guard, which looks every millisecond, is kept from looking.
    [Test]
    public async Task With_few_descriptors_a_burst_of_connections_does_not_end_it()
    {
        await using var server = await ServerChild.StartUnderAsync(["taskset", "-c", "0", .. Limited]);
        var before = server.Sockets;
        for (var burst = 0; burst < Bursts; burst++)
        {
            await server.PauseAsync();
            var connecting = Enumerable.Range(0, BurstCount).Select(_ => RawHttp.TryConnectAsync(server.Port)).ToArray();
            await Task.WhenAny(Task.WhenAll(connecting), Task.Delay(BurstGathers));
            server.Resume();
            var clients = await Task.WhenAll(connecting);
            await TestWait.UntilAsync(() => server.HasExited || clients.Count(IsClosed) > BurstCount / 2,
                "it sheds");
            Assert.That(server.HasExited, Is.False, server.Errors);
            foreach (var client in clients)
                await (client?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        await TestWait.UntilAsync(() => server.Sockets < before + SocketsMore, "the connections are gone");
        await using var other = await RawHttp.ConnectAsync(server.Port);
        Assert.That((await other.GetAsync("GET /healthz HTTP/1.1")).Body, Is.EqualTo("ok"));
    }

    [Test]
    public async Task A_request_over_the_limit_of_connections_is_answered_503()
    {
        await using var server = await ServerChild.StartAsync("--max-connections", "2");
        var (first, key) = await EnterAsync(server.Port);
        var (second, _) = await EnterAsync(server.Port);
        RawReply? refused = null;
        for (var attempt = 0; attempt < 200 && refused is null; attempt++)
        {
            // Most are closed before they have said anything.
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

        Assert.That(refused, Is.Not.Null, "one of 200 is quicker than the guard");
        Assert.That((refused!.Status, refused.Body, refused["Retry-After"]), Is.EqualTo((503, "23/*/*", "1")));
        Assert.That(refused["Access-Control-Allow-Origin"], Is.EqualTo("*"));
        Assert.That((await first.PostAsync($"2,*,{key},*,*")).Body, Is.EqualTo("0/2/*"));
        await first.DisposeAsync();
        await second.DisposeAsync();
    }

    [Test]
    public async Task More_connections_than_descriptors_are_refused_at_the_start()
    {
        await using var server = ServerChild.Launch(Limited, null, 0,
            ["--port", $"{Ports.Next()}", "--max-connections", "1000"]);
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(1));
        Assert.That(server.Errors, Does.Contain("--max-connections").And.Contain("250").And.Not.Contain("   at "));
    }

    private static bool IsClosed(RawHttp? client) => client is null || client.Socket.Poll(0, SelectMode.SelectRead);

    // A player who is in. While connections of before are still counted, one may be refused.
    private static async Task<(RawHttp Player, string Key)> EnterAsync(int port)
    {
        for (var attempt = 0; attempt < 200; attempt++)
        {
            if (await RawHttp.TryConnectAsync(port) is not { } player)
                continue;
            try
            {
                var reply = await player.PostAsync("0,Player,*,Nobody,*");
                if (reply.Status == 200)
                    return (player, reply.Body["0/0/".Length..]);
            }
            catch (IOException)
            {
                // Closed unheard.
            }

            await player.DisposeAsync();
        }

        throw new AssertionException("No player was let in.");
    }
}
