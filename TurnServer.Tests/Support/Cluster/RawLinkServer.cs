using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using TurnServer.Cluster.Link;

namespace TurnServer.Tests.Support;

/// <summary>Listens as a server of the cluster does; the test decides what it sends.</summary>
internal sealed class RawLinkServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public RawLinkServer()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    public string Address => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}";

    /// <summary>Accepts a connection, and says nothing yet.</summary>
    public async Task<RawLink> AcceptAsync() => new(await TestWait.ForAsync(_listener.AcceptAsync()));

    /// <summary>Admits a client of this program.</summary>
    public async Task<(LinkClient Client, RawLink Server)> AdmitAsync(TimeProvider clock)
    {
        var connecting = LinkClient.ConnectAsync(Address, "token", "test", clock, NullLogger.Instance,
            CancellationToken.None);
        var link = await AcceptAsync();
        Assert.That((await link.ReceiveAsync())?.Type, Is.EqualTo(LinkFrameType.Hello));
        await link.SendAsync(LinkFrames.Welcome());
        return (await TestWait.ForAsync(connecting), link);
    }

    public void Dispose() => _listener.Dispose();
}
