using System.Text;
using TurnServer.Tests.Support;
using static TurnServer.Tests.Support.Opcode;

namespace TurnServer.Tests.Http.WebSockets;

/// <summary>What a client sends on an open WebSocket, and the frames that come back.</summary>
/// <param name="Name">With the numbers of the cases of the Autobahn test suite that it stands for.</param>
/// <param name="Frames">What is sent.</param>
/// <param name="Expected">
/// Text messages as they are, <c>pong PAYLOAD</c>, <c>close CODE</c>. After a close the connection ends; otherwise it
/// still serves.
/// </param>
internal sealed record FrameCase(string Name, byte[][] Frames, params string[] Expected)
{
    /// <summary>A request that is refused, as nobody has its key.</summary>
    public const string Request = "1 1,*,1,*,*";

    /// <summary>Its reply.</summary>
    public const string Reply = "1 5/*/*";

    // So does an update, which has room for any text.
    private const string UpdateStart = "1 6,";
    private const string UpdateEnd = ",1,0,0";
    private const string UpdateReply = "1 13/*/*";
    private const string ProtocolError = "close 1002";
    private const string NotUtf8 = "close 1007";

    private static readonly byte[] Hello = "Hello"u8.ToArray();

    public override string ToString() => Name;

    /// <summary>Lengths of frames.</summary>
    public static IEnumerable<FrameCase> Lengths()
    {
        yield return new("1.1.1 an empty message has no tag", [Frame(Text, [])], "close 1008");
        foreach (var (number, length) in new[] { (2, 125), (3, 126), (4, 127), (5, 128) })
            yield return new($"1.1.{number} {length} bytes", [Update(length)], UpdateReply);
        foreach (var (number, length) in new[] { (6, 65_535), (7, 65_536) })
            yield return new($"1.1.{number} {length} bytes", [Update(length)], "1 20/*/*");
        foreach (var length in new[] { 0, 1, 125, 126, 65_536 })
            yield return new($"1.2 binary, {length} bytes", [Frame(Binary, new byte[length])], "close 1003");
        foreach (var bytes in new[] { 2, 8 })
        {
            yield return new($"a short length in {bytes} bytes",
                [SocketFrame.Encode(Text, Bytes(Request), lengthBytes: bytes)], Reply);
        }

        yield return new("a negative length", [[0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]], ProtocolError);
    }

    /// <summary>Pings and pongs.</summary>
    public static IEnumerable<FrameCase> Pings()
    {
        var longest = new string('p', 125);
        yield return new("2.1 an empty ping", [Frame(Ping, [])], "pong ");
        yield return new("2.2 a ping with text", [Frame(Ping, Hello)], "pong Hello");
        yield return new("2.3 a ping with other bytes", [Frame(Ping, [0, 255, 254, 128])], "pong \0ÿþ\u0080");
        yield return new("2.4, 2.6 the longest ping", [Frame(Ping, Bytes(longest))], $"pong {longest}");
        yield return new("2.5 a longer ping", [Frame(Ping, new byte[126])], ProtocolError);
        yield return new("2.7, 2.8 pongs that nobody asked for", [Frame(Pong, []), Frame(Pong, Hello)]);
        yield return new("2.9 such a pong and a ping", [Frame(Pong, Hello), Frame(Ping, Hello)], "pong Hello");
        yield return new("2.10, 2.11 ten pings", [.. Ten(i => Frame(Ping, Bytes($"{i}")))], [.. Ten(i => $"pong {i}")]);
    }

    /// <summary>Reserved bits and opcodes.</summary>
    public static IEnumerable<FrameCase> Reserved()
    {
        for (var bits = 1; bits < 8; bits++)
        {
            yield return new($"3.{bits} reserved bits {bits}",
                [Message(Request), SocketFrame.Encode(Text, Bytes(Request), reserved: bits)], Reply, ProtocolError);
        }

        yield return new("3 a reserved bit in a ping", [SocketFrame.Encode(Ping, [], reserved: 1)], ProtocolError);
        yield return new("3 a reserved bit in a close frame", [SocketFrame.Encode(Close, [], reserved: 4)],
            ProtocolError);
        foreach (var opcode in new[] { 3, 4, 5, 6, 7, 11, 12, 13, 14, 15 })
        {
            yield return new($"4 opcode {opcode}", [Frame(opcode, [])], ProtocolError);
            yield return new($"4 opcode {opcode} with payload, after a message",
                [Message(Request), Frame(opcode, Hello)], Reply, ProtocolError);
        }
    }

    /// <summary>Fragments.</summary>
    public static IEnumerable<FrameCase> Fragments()
    {
        var (begin, end) = (Part(Text, Request[..4]), Frame(Continuation, Bytes(Request[4..])));
        var ping = Frame(Ping, Hello);
        yield return new("5.1 a ping in fragments", [Part(Ping, "He"), Frame(Continuation, Hello)], ProtocolError);
        yield return new("5.2 a pong in fragments", [Part(Pong, "He"), Frame(Continuation, Hello)], ProtocolError);
        yield return new("5.3 to 5.5 two fragments", [begin, end], Reply);
        yield return new("5.6 to 5.8 a ping between fragments", [begin, ping, end], "pong Hello", Reply);
        foreach (var last in new[] { true, false })
        {
            var frame = SocketFrame.Encode(Continuation, Hello, isFinal: last);
            yield return new($"5.9 to 5.14 nothing to continue, {(last ? "last" : "not last")}", [frame],
                ProtocolError);
            yield return new($"5.15 to 5.17 nothing more to continue, {(last ? "last" : "not last")}",
                [begin, end, frame], Reply, ProtocolError);
        }

        yield return new("5.18 a message within a message", [begin, Message(Request)], ProtocolError);
        yield return new("5.19, 5.20 five fragments and pings",
            [
                begin, ping, Part(Continuation, Request[4..5]), Part(Continuation, Request[5..7]), ping,
                Part(Continuation, Request[7..8]), Frame(Continuation, Bytes(Request[8..])),
            ], "pong Hello", "pong Hello", Reply);
        yield return new("empty fragments", [Part(Text, ""), Part(Continuation, ""), Part(Continuation, Request),
            Frame(Continuation, [])], Reply);
        yield return new("a binary message in fragments", [Part(Binary, "1 ")], "close 1003");
        yield return new("10.1 fragments of 1300 bytes", [.. Split(UpdateBytes(65_536), 1300)], "1 20/*/*");
    }

    /// <summary>UTF-8.</summary>
    public static IEnumerable<FrameCase> Utf8()
    {
        foreach (var text in new[]
        {
            "κόσμε", "\0", "\u007F", "\u0080", "\u07FF", "\u0800", "\uFFFF", "\uFFFE", "\uFFFD", "\uE000",
            "\uFEFFx", "\U00010000", "\U0010FFFF", "\U0001FFFE", "Hello-µ@ßöäüàá-UTF-8!!",
        })
        {
            var bytes = Bytes(UpdateStart + text + UpdateEnd);
            var name = $"6 {Convert.ToHexString(Bytes(text))}";
            yield return new(name, [Frame(Text, bytes)], UpdateReply);
            yield return new($"{name}, each byte a fragment", [.. Split(bytes, 1)], UpdateReply);
        }

        foreach (var hex in new[]
        {
            "80", "BF", "C0", "C080", "C1BF", "E08080", "E09FBF", "F0808080", "F08FBFBF", "F8888080", "FC8480808080",
            "EDA080", "EDBFBF", "EDA080EDB080", "F4908080", "F5", "FE", "FF", "E282", "F09F98", "C3", "CEBAE1BDB9F4",
            "CEBAE1BDB9CF83CEBCCEB5EDA080656469746564",
        })
        {
            byte[] bytes = [.. Bytes(UpdateStart), .. Convert.FromHexString(hex)];
            yield return new($"6 malformed {hex}", [Frame(Text, bytes)], NotUtf8);
            yield return new($"6 malformed {hex}, each byte a fragment", [.. Split(bytes, 1)], NotUtf8);
        }

        yield return new("6.4 malformed in a message that does not end",
            [Part(Text, UpdateStart), SocketFrame.Encode(Continuation, [0xF4, 0x90], isFinal: false)], NotUtf8);
    }

    /// <summary>The end of a connection.</summary>
    public static IEnumerable<FrameCase> Closes()
    {
        const string Closed = "close 1000";
        yield return new("7.1.1 a request, then a close", [Message(Request), CloseOf(1000)], Reply, Closed);
        yield return new("7.1.2 two closes", [CloseOf(1000), CloseOf(1000)], Closed);
        yield return new("7.1.3 a ping after the close", [CloseOf(1000), Frame(Ping, Hello)], Closed);
        yield return new("7.1.4 a request after the close", [CloseOf(1000), Message(Request)], Closed);
        yield return new("7.1.5 a close between fragments", [Part(Text, "1 "), CloseOf(1000)], Closed);
        yield return new("7.3.1 an empty close", [Frame(Close, [])], Closed);
        yield return new("7.3.2 a close of one byte", [Frame(Close, [3])], ProtocolError);
        foreach (var (number, length) in new[] { (4, 5), (5, 123) })
        {
            var payload = SocketFrame.ClosePayload(1000, new string('x', length));
            yield return new($"7.3.{number} a reason of {length} bytes", [Frame(Close, payload)], Closed);
        }

        yield return new("7.3.6 a reason of 124 bytes",
            [Frame(Close, SocketFrame.ClosePayload(1000, new string('x', 124)))], ProtocolError);
        yield return new("7.5.1 a reason that is not UTF-8", [Frame(Close, [3, 232, 0xCE, 0xBA, 0xED, 0xA0, 0x80])],
            ProtocolError);
        foreach (var code in new[] { 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999 })
            yield return new($"7.7 code {code}", [CloseOf(code)], Closed);
        foreach (var code in new[] { 0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999 })
            yield return new($"7.9 code {code}", [CloseOf(code)], ProtocolError);
    }

    /// <summary>Frames without a mask, of any length: .NET waits for the mask of the short ones.</summary>
    public static IEnumerable<FrameCase> Unmasked()
    {
        foreach (var length in new[] { 0, 1, 3, 4, 5, 125, 126, 65_536 })
        {
            yield return new($"{length} bytes without a mask",
                [SocketFrame.Encode(Text, new byte[length], isMasked: false)], ProtocolError);
        }

        yield return new("a ping without a mask", [SocketFrame.Encode(Ping, [], isMasked: false)], ProtocolError);
        yield return new("a fragment without a mask",
            [Part(Text, "1 "), SocketFrame.Encode(Continuation, [], isMasked: false)], ProtocolError);
    }

    private static IEnumerable<T> Ten<T>(Func<int, T> of) => Enumerable.Range(0, 10).Select(of);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Frame(int opcode, byte[] payload) => SocketFrame.Encode(opcode, payload);

    private static byte[] Message(string text) => SocketFrame.Message(text);

    private static byte[] Part(int opcode, string text) => SocketFrame.Encode(opcode, Bytes(text), isFinal: false);

    private static byte[] CloseOf(int code) => Frame(Close, SocketFrame.ClosePayload(code));

    private static byte[] UpdateBytes(int length) =>
        Bytes(UpdateStart + new string('x', length - UpdateStart.Length - UpdateEnd.Length) + UpdateEnd);

    private static byte[] Update(int length) => Frame(Text, UpdateBytes(length));

    // A message in fragments of this many bytes.
    private static IEnumerable<byte[]> Split(byte[] message, int size)
    {
        for (var start = 0; start < message.Length; start += size)
        {
            var end = Math.Min(start + size, message.Length);
            yield return SocketFrame.Encode(start == 0 ? Text : Continuation, message.AsSpan(start..end),
                isFinal: end == message.Length);
        }
    }
}
