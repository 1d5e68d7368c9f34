using TurnServer.Http;
using TurnServer.Http.WebSockets;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http.WebSockets;

/// <summary>
/// WebSockets that have ended leave nothing behind: the listener gives up its connection with the upgrade, and it is
/// the server that takes it out of the listener's tables.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class SocketLeakTests
{
    private const int Count = 20;

    [TestCaseSource(typeof(SocketEnding), nameof(SocketEnding.All))]
    public async Task A_WebSocket_that_has_ended_is_in_no_table_of_the_listener(SocketEnding ending)
    {
        await using var front = await FrontFixture.StartAsync(new HttpOptions
        {
            BodyTimeout = ending.End == SocketEnd.Slow ? TimeSpan.FromSeconds(0.5) : TestWait.Timeout,
        });
        front.Gateway.AtOnce = line => HeldGateway.Reply(line);
        for (var i = 0; i < Count; i++)
        {
            await using var socket = await RawWebSocket.ConnectAsync(front.Port);
            await socket.AskAsync("x");
            await ending.EndAsync(socket);
        }

        await front.UntilEmptyAsync();
        Assert.That(front.Statistics.WebSockets.Accepted, Is.EqualTo(Count));
        Assert.That(front.Ended(ending.End), Is.EqualTo(Count));
        Assert.That(front.Log.Entries.Where(entry => entry.Exception is not null), Is.Empty);
    }

    [Test]
    public async Task Upgrades_that_are_refused_or_given_up_leave_nothing_behind()
    {
        await using var front = await FrontFixture.StartAsync(new HttpOptions());
        var upgrade = System.Text.Encoding.ASCII.GetBytes(RawHttp.Head("GET / HTTP/1.1", RawWebSocket.Headers));
        for (var i = 0; i < Count; i++)
        {
            await using var refused = await RawHttp.ConnectAsync(front.Port);
            Assert.That((await refused.GetAsync("GET / HTTP/1.1", "Upgrade: websocket")).Status, Is.EqualTo(400));
            var early = await RawHttp.ConnectAsync(front.Port);
            await early.SendAsync(upgrade.AsMemory(0, upgrade.Length - i));
            early.Reset();
        }

        await front.UntilEmptyAsync();
    }
}
