using TurnServer.Http.WebSockets;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http.WebSockets;

/// <summary>A way in which a WebSocket ends.</summary>
/// <param name="Name">The way.</param>
/// <param name="End">What the server says of it.</param>
/// <param name="EndAsync">Ends it; the caller disposes it after that.</param>
internal sealed record SocketEnding(string Name, SocketEnd End, Func<RawWebSocket, Task> EndAsync)
{
    public static IEnumerable<SocketEnding> All { get; } =
    [
        new("closed by the client", SocketEnd.Client, async socket =>
        {
            await socket.SendCloseAsync();
            await socket.ReadToEndAsync();
        }),
        new("closed by the client, which does not wait for the answer", SocketEnd.Client,
            socket => socket.SendCloseAsync()),
        new("left without a close frame", SocketEnd.Lost, _ => Task.CompletedTask),
        new("reset", SocketEnd.Lost, socket =>
        {
            socket.Reset();
            return Task.CompletedTask;
        }),
        new("reset within a frame", SocketEnd.Lost, async socket =>
        {
            await socket.SendBytesAsync(SocketFrame.Message("1 x").AsMemory(0, 7));
            socket.Reset();
        }),
        Refused("without a tag", SocketEnd.WithoutTag, SocketFrame.Message("no tag")),
        Refused("binary", SocketEnd.Binary, SocketFrame.Encode(Opcode.Binary, "1 x"u8)),
        Refused("without a mask", SocketEnd.Malformed, SocketFrame.Encode(Opcode.Text, "1 x"u8, isMasked: false)),
        Refused("malformed", SocketEnd.Malformed, SocketFrame.Encode(Opcode.Text, "1 x"u8, reserved: 1)),
        Refused("not UTF-8", SocketEnd.Malformed, SocketFrame.Encode(Opcode.Text, [0x31, 0x20, 0xFF])),
        Refused("pings", SocketEnd.Flooding,
            [.. Enumerable.Repeat(SocketFrame.Encode(Opcode.Ping, []), 1000).SelectMany(ping => ping)]),
        new("half a frame", SocketEnd.Slow, async socket =>
        {
            await socket.SendBytesAsync(SocketFrame.Message("1 x").AsMemory(0, 7));
            await socket.ReadToEndAsync();
        }),
    ];

    public override string ToString() => Name;

    private static SocketEnding Refused(string name, SocketEnd end, byte[] bytes) => new(name, end, async socket =>
    {
        await socket.SendBytesAsync(bytes);
        Assert.That(await socket.ReadCloseAsync(), Is.Not.Null, "a close frame says why");
        await socket.ReadToEndAsync();
    });
}
