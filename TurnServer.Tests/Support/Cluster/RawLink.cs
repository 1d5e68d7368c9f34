using System.Net;
using System.Net.Sockets;
using TurnServer.Cluster;
using TurnServer.Cluster.Link;

namespace TurnServer.Tests.Support;

/// <summary>One end of a link whose every frame the test decides.</summary>
internal sealed class RawLink(Socket socket) : IDisposable
{
    private readonly LinkReader _reader = new();
    private bool _isWide;

    /// <summary>Connects to a server on loopback, and says nothing yet.</summary>
    public static async Task<RawLink> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return new RawLink(socket);
    }

    /// <summary>Connects to a server and is admitted by it.</summary>
    public static async Task<RawLink> AdmittedAsync(int port, string token)
    {
        var link = await ConnectAsync(port);
        await link.SendAsync(LinkFrames.Hello(token, "raw"));
        Assert.That((await link.ReceiveAsync())?.Type, Is.EqualTo(LinkFrameType.Welcome));
        return link;
    }

    public async Task SendAsync(byte[] bytes) =>
        Assert.That(await socket.SendAsync(bytes, SocketFlags.None), Is.EqualTo(bytes.Length));

    public Task SendPingAsync() => SendAsync(Frame(LinkFrameType.Ping, []));

    public Task SendAsync(long number, in ForwardedRequest request)
    {
        var payload = new byte[LinkCodec.LengthOf(request)];
        LinkCodec.Write(payload, number, request);
        return SendAsync(Frame(LinkFrameType.Request, payload));
    }

    public Task SendAsync(long number, in ForwardAnswer answer)
    {
        var payload = new byte[LinkCodec.LengthOf(answer)];
        LinkCodec.Write(payload, number, answer);
        return SendAsync(Frame(LinkFrameType.Answer, payload));
    }

    /// <summary>The next frame; null if the other side has closed or reset the connection.</summary>
    public async Task<LinkFrame?> ReceiveAsync()
    {
        if (!_isWide)
            _reader.Widen(Math.Max(LinkLimits.RequestBytesMax, LinkLimits.AnswerBytesMax));
        _isWide = true;
        LinkFrame frame;
        while (!_reader.TryTake(out frame))
        {
            try
            {
                var count = await TestWait.ForAsync(socket.ReceiveAsync(_reader.MakeRoom(), SocketFlags.None).AsTask());
                if (count == 0)
                    return null;
                _reader.Add(count);
            }
            catch (SocketException)
            {
                return null;
            }
        }

        return frame;
    }

    /// <summary>The next frame of this type; null if the other side has closed the connection.</summary>
    public async Task<LinkFrame?> ReceiveAsync(LinkFrameType type)
    {
        while (await ReceiveAsync() is { } frame)
        {
            if (frame.Type == type)
                return frame;
        }

        return null;
    }

    public void Dispose() => socket.Dispose();

    public static byte[] Frame(LinkFrameType type, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[LinkFrames.HeaderBytes + payload.Length];
        payload.CopyTo(LinkFrames.Begin(frame, type));
        return frame;
    }
}
