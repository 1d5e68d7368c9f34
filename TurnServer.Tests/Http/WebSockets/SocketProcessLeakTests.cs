using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http.WebSockets;

/// <summary><see cref="SocketLeakTests"/> with the server as a process, also compiled ahead of time.</summary>
internal sealed class SocketProcessLeakTests() : AdminFixture("--body-timeout", "1")
{
    private const int Count = 50;

    [Test]
    public async Task WebSockets_that_have_ended_in_every_way_leave_no_connection_and_no_descriptor()
    {
        // Opens what is opened once.
        await using (var first = await RawWebSocket.ConnectAsync(Server.Port))
            await first.AskAsync("1,*,1,*,*");
        await Scrape.WaitForAsync(AdminPort, "turnserver_connections", 0);
        var before = Server.Sockets;
        foreach (var ending in SocketEnding.All)
        {
            await Task.WhenAll(Enumerable.Range(0, Count).Select(async _ =>
            {
                await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
                await socket.AskAsync("1,*,1,*,*");
                await ending.EndAsync(socket);
            }));
        }

        await Scrape.WaitForAsync(AdminPort, "turnserver_connections", 0);
        await TestWait.UntilAsync(() => Server.Sockets <= before, "sockets are closed");
        Assert.That(Server.Errors, Does.Not.Contain("error:"));
    }
}
