using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TurnServer.Cluster.Link;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Link;

/// <summary>Connections that come to nothing, seen from the server and from the client.</summary>
internal sealed class LinkRefusalTests
{
    private const int RefusedId = 84;
    private readonly FakeTimeProvider _clock = new();

    [Test]
    public async Task ConnectAsync_WithAWrongToken_SaysSo()
    {
        await using var link = new LinkFixture();
        foreach (var token in new[] { "a secreT", "a secret ", "" })
        {
            var refused = await Assert.ThrowsAsync<LinkException>(() => link.ConnectAsync(token));
            Assert.That(refused!.Message, Does.Contain(link.Address).And.Contain("wrong token"));
        }

        await link.UntilLoggedAsync(RefusedId, "wrong token");
    }

    [Test]
    public async Task Server_AskedInAnotherVersion_RefusesAndNamesBoth()
    {
        await using var link = new LinkFixture();
        using var raw = await RawLink.ConnectAsync(link.Server.Port);
        await raw.SendAsync(LinkFrames.Hello(LinkFixture.Token, "raw", version: 9));
        var frame = await raw.ReceiveAsync();
        Assert.That(frame?.Type, Is.EqualTo(LinkFrameType.Refusal));
        Assert.That(Encoding.UTF8.GetString(frame!.Value.Payload.Span),
            Does.Contain("version 9").And.Contain($"version {LinkFrames.Version}"));
        Assert.That(await raw.ReceiveAsync(), Is.Null);
    }

    [TestCase("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [TestCase("\0\0\0\0")]
    [TestCase("\x05\0\0\0\u0001abcd")]
    [TestCase("\x01\0\0\0\x04")]
    [TestCase("\x02\x04\0\0\x01")]
    public async Task Server_SentSomethingElse_ClosesTheConnection(string text)
    {
        await using var link = new LinkFixture();
        using var raw = await RawLink.ConnectAsync(link.Server.Port);
        await raw.SendAsync(Encoding.Latin1.GetBytes(text));
        Assert.That(await raw.ReceiveAsync(), Is.Null);
        await link.UntilLoggedAsync(RefusedId, "does not speak");
    }

    [Test]
    public async Task Server_SentMalformedFramesAfterTheHandshake_ClosesTheConnection()
    {
        byte[][] malformed =
        [
            RawLink.Frame(LinkFrameType.Request, [1, 2, 3]),
            RawLink.Frame(LinkFrameType.Answer, []),
            RawLink.Frame((LinkFrameType)99, []),
            RawLink.Frame(LinkFrameType.Ping, new byte[LinkLimits.RequestBytesMax + 1]),
            [0, 0, 0, 0],
        ];
        await using var link = new LinkFixture();
        foreach (var bytes in malformed)
        {
            using var raw = await RawLink.AdmittedAsync(link.Server.Port, LinkFixture.Token);
            await raw.SendAsync(bytes);
            Assert.That(await raw.ReceiveAsync(), Is.Null);
        }

        await TestWait.UntilAsync(
            () => link.Log.Entries.Count(entry => entry.Id == 83 && entry.Text.Contains("malformed")) == 5,
            "each is logged");
    }

    [Test]
    public async Task Server_NotToldATokenInTime_ClosesTheConnection()
    {
        await using var link = new LinkFixture(_clock);
        using var raw = await RawLink.ConnectAsync(link.Server.Port);
        await raw.SendAsync(LinkFrames.Hello(LinkFixture.Token, "raw")[..^1]);
        var closed = raw.ReceiveAsync();
        // Again and again, as the time begins when the server has accepted.
        await TestWait.UntilAsync(() =>
        {
            _clock.Advance(LinkLimits.HandshakeTimeout);
            return closed.IsCompleted;
        }, "the connection is closed");
        Assert.That(await closed, Is.Null);
        await link.UntilLoggedAsync(RefusedId, "no token within 2 s");
    }

    [Test]
    public async Task Server_WithManyConnectionsWithoutToken_ClosesMoreOfThem_AndLogsOneAMinute()
    {
        await using var link = new LinkFixture(_clock);
        var idle = new List<RawLink>();
        for (var i = 0; i < LinkLimits.HandshakesMax; i++)
            idle.Add(await RawLink.ConnectAsync(link.Server.Port));
        for (var i = 0; i < 3; i++)
        {
            using var more = await RawLink.ConnectAsync(link.Server.Port);
            Assert.That(await more.ReceiveAsync(), Is.Null);
        }

        await link.UntilLoggedAsync(RefusedId, "too many");
        Assert.That(link.Log.Entries.Count(entry => entry.Id == RefusedId), Is.EqualTo(1));
        _clock.Advance(TimeSpan.FromMinutes(1));
        using (var more = await RawLink.ConnectAsync(link.Server.Port))
            await more.SendAsync("x"u8.ToArray());
        await TestWait.UntilAsync(() => link.Log.Entries.Count(entry => entry.Id == RefusedId) == 2,
            "another one is logged");
        Assert.That(link.Log.Entries.Last(entry => entry.Id == RefusedId).Text, Does.Not.Contain("and 0 others"));
        // There is room again once they are gone.
        idle.ForEach(raw => raw.Dispose());
        LinkClient? client = null;
        while (client is null)
        {
            try
            {
                client = await link.ConnectAsync();
            }
            catch (LinkException)
            {
                // Their ends have not all been seen.
            }
        }
    }

    [Test]
    public async Task ConnectAsync_ToNobody_SaysSo()
    {
        string address;
        using (var free = new RawLinkServer())
            address = free.Address;
        var failed = await Assert.ThrowsAsync<LinkException>(() => ConnectAsync(address));
        Assert.That(failed!.Message, Does.Contain(address).And.Contain("refused"));
    }

    [Test]
    public async Task ConnectAsync_ToSomethingThatIsNoAddress_SaysSo()
    {
        var failed = await Assert.ThrowsAsync<LinkException>(() => ConnectAsync("nowhere"));
        Assert.That(failed!.Message, Is.EqualTo("nowhere is not HOST:PORT"));
    }

    [Test]
    public async Task ConnectAsync_ToAServerThatDoesNotAnswer_GivesUp()
    {
        using var server = new RawLinkServer();
        var connecting = ConnectAsync(server.Address);
        using var raw = await server.AcceptAsync();
        Assert.That((await raw.ReceiveAsync())?.Type, Is.EqualTo(LinkFrameType.Hello));
        _clock.Advance(LinkLimits.ConnectTimeout);
        var failed = await Assert.ThrowsAsync<LinkException>(() => TestWait.ForAsync(connecting));
        Assert.That(failed!.Message, Does.Contain(server.Address).And.Contain("within 1 s"));
        Assert.That(await raw.ReceiveAsync(), Is.Null);
    }

    [Test]
    public async Task ConnectAsync_ThatIsStopped_IsCancelled()
    {
        using var server = new RawLinkServer();
        using var stop = new CancellationTokenSource();
        var connecting = LinkClient.ConnectAsync(server.Address, "token", "test", _clock, NullLogger.Instance,
            stop.Token);
        using var raw = await server.AcceptAsync();
        await stop.CancelAsync();
        Assert.That(() => TestWait.ForAsync(connecting), Throws.InstanceOf<OperationCanceledException>());
    }

    [TestCase("HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak")]
    [TestCase("\x01\0\0\0\x04", "frame type 4")]
    [TestCase("", "closed the connection")]
    public async Task ConnectAsync_ToSomethingElse_SaysSo(string text, string reason)
    {
        using var server = new RawLinkServer();
        var connecting = ConnectAsync(server.Address);
        using (var raw = await server.AcceptAsync())
        {
            await raw.ReceiveAsync();
            if (text.Length > 0)
                await raw.SendAsync(Encoding.Latin1.GetBytes(text));
        }

        var failed = await Assert.ThrowsAsync<LinkException>(() => TestWait.ForAsync(connecting));
        Assert.That(failed!.Message, Does.Contain(server.Address).And.Contain(reason));
    }

    [Test]
    public async Task Start_OnAUsedPort_SaysSo()
    {
        await using var link = new LinkFixture();
        var used = new IPEndPoint(IPAddress.Loopback, link.Server.Port);
        Assert.That(() => LinkServer.Start(used, "token", link.Answer, _clock, NullLogger.Instance),
            Throws.InstanceOf<LinkException>().With.Message.Contains($"{used}")
                .And.InnerException.InstanceOf<SocketException>());
    }

    private Task<LinkClient> ConnectAsync(string address) =>
        LinkClient.ConnectAsync(address, "token", "test", _clock, NullLogger.Instance, CancellationToken.None);
}
