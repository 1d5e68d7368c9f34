using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http.WebSockets;

/// <summary>
/// Frames as raw bytes: the cases of the Autobahn test suite that apply to this server, and RFC 6455 where that is
/// silent.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class FrameTests : ServerFixture
{
    private const int PieceBytes = 997;

    [TestCaseSource(nameof(Cases))]
    public async Task Frames_get_the_expected_answer(FrameCase frames, bool inPieces)
    {
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port);
        var bytes = frames.Frames.SelectMany(frame => frame).ToArray();
        await SendAsync(socket, bytes, !inPieces ? bytes.Length : bytes.Length < PieceBytes ? 1 : PieceBytes);
        var received = new List<string>();
        while (received.Count < frames.Expected.Length && await socket.ReadFrameAsync() is { } frame)
            received.Add(TextOf(frame));
        Assert.That(received, Is.EqualTo(frames.Expected));
        if (frames.Expected is [.., var last] && last.StartsWith("close", StringComparison.Ordinal))
            Assert.That(await socket.ReadFrameAsync(), Is.Null, "the connection has ended");
        else
            Assert.That(await socket.AskAsync("1,*,1,*,*"), Is.EqualTo("5/*/*"), "the connection still serves");
    }

    [TestCase("permessage-deflate")]
    [TestCase("permessage-deflate; client_max_window_bits; server_max_window_bits=10")]
    [TestCase("permessage-bzip2, x-webkit-deflate-frame")]
    public async Task Compression_is_declined(string extensions)
    {
        await using var socket = await RawWebSocket.ConnectAsync(Server.Port,
            $"Sec-WebSocket-Extensions: {extensions}");
        Assert.That(socket.Head, Does.Not.Contain("Extensions").IgnoreCase);
        var line = $"6,{new string('a', 4000)},1,0,0";
        Assert.That(await socket.AskAsync(line), Is.EqualTo("13/*/*"), "what compresses well, as it is");
    }

    private static async Task SendAsync(RawWebSocket socket, byte[] bytes, int pieceBytes)
    {
        try
        {
            for (var start = 0; start < bytes.Length; start += pieceBytes)
                await socket.SendBytesAsync(bytes.AsMemory(start, Math.Min(pieceBytes, bytes.Length - start)));
        }
        catch (IOException)
        {
            // The server has closed the connection before the last piece.
        }
    }

    private static string TextOf(SocketFrame frame) => frame.Opcode switch
    {
        Opcode.Text => frame.Text,
        Opcode.Pong => $"pong {Encoding.Latin1.GetString(frame.Payload)}",
        Opcode.Close => $"close {frame.Code}",
        _ => frame.ToString(),
    };

    private static IEnumerable<TestCaseData> Cases() =>
        from frames in new[]
        {
            FrameCase.Lengths(), FrameCase.Pings(), FrameCase.Reserved(), FrameCase.Fragments(), FrameCase.Utf8(),
            FrameCase.Closes(), FrameCase.Unmasked(),
        }.SelectMany(cases => cases)
        from inPieces in new[] { false, true }
        select new TestCaseData(frames, inPieces)
            .SetArgDisplayNames(frames.Name, inPieces ? "in pieces" : "at once");
}
