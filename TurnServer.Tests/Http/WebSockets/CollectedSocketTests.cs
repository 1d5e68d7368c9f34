using System.Net.WebSockets;
using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http.WebSockets;

/// <summary>What garbage collections do to a WebSocket.</summary>
[Category("Process")]
internal sealed class CollectedSocketTests
{
    // Each allocates some 10 KB; the collector runs after 64 KiB.
    private const int Requests = 100;

    // The listener makes a WebSocket that the server does not use, and whose finalizer answers the request again.
    [Test]
    public async Task Connection_stays_a_WebSocket_when_the_listeners_own_is_finalized()
    {
        await using var server = await ServerChild.StartUnderAsync(["env", "DOTNET_GCgen0size=10000"]);
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("turn.1");
        await socket.ConnectAsync(new UriBuilder(server.Url) { Scheme = "ws" }.Uri, CancellationToken.None);
        await using (var http = await RawHttp.ConnectAsync(server.Port))
        {
            for (var i = 0; i < Requests; i++)
                await http.GetAsync("GET /healthz HTTP/1.1");
        }

        using var late = new CancellationTokenSource(TestWait.Timeout);
        await socket.SendAsync("1 0,Ann,*,*,*"u8.ToArray(), WebSocketMessageType.Text, true, late.Token);
        var buffer = new byte[64];
        var received = await socket.ReceiveAsync(buffer, late.Token);
        Assert.That(Encoding.UTF8.GetString(buffer, 0, received.Count), Does.StartWith("1 0/0/"));
    }
}
