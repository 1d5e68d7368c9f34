using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace TurnServer.Tests.Support;

/// <summary>A WebSocket of which a test controls every byte.</summary>
internal sealed class RawWebSocket : IAsyncDisposable
{
    /// <summary>The value of Sec-WebSocket-Accept for <see cref="Headers"/> (RFC 6455, 1.3).</summary>
    public const string Accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    private const string Key = "dGhlIHNhbXBsZSBub25jZQ==";

    private const int HeadBytesMax = 4096;

    private readonly Stream _stream;

    // One write at a time, as TLS requires: pongs are sent by whoever reads.
    private readonly SemaphoreSlim _writing = new(1);

    private int _tag;

    private RawWebSocket(Stream stream, Socket? socket) => (_stream, Socket) = (stream, socket!);

    /// <summary>The connection; null behind TLS.</summary>
    public Socket Socket { get; }

    /// <summary>The head of the reply 101, with its line breaks.</summary>
    public string Head { get; private set; } = "";

    /// <summary>The headers of an upgrade that is in order, without Host.</summary>
    public static string[] Headers { get; } = HeadersWith();

    /// <summary>The same with some changed; null leaves one out.</summary>
    public static string[] HeadersWith(params (string Name, string? Value)[] changes)
    {
        var headers = new List<(string Name, string? Value)>
        {
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", Key),
            ("Sec-WebSocket-Protocol", "turn.1"),
        };
        foreach (var change in changes)
        {
            headers.RemoveAll(header => header.Name == change.Name);
            headers.Add(change);
        }

        return
        [
            .. headers.Where(header => header.Value is not null).Select(header => $"{header.Name}: {header.Value}"),
        ];
    }

    /// <summary>Connects to a port of this machine and opens a WebSocket.</summary>
    /// <param name="port">The server's port.</param>
    /// <param name="headers">Further headers of the upgrade.</param>
    public static async Task<RawWebSocket> ConnectAsync(int port, params string[] headers)
    {
        var http = await RawHttp.ConnectAsync(port);
        return await OpenAsync(http.Socket, headers);
    }

    /// <summary>Opens a WebSocket on a connection.</summary>
    public static Task<RawWebSocket> OpenAsync(Socket socket, params string[] headers) =>
        OpenAsync(new RawWebSocket(new NetworkStream(socket, ownsSocket: true), socket), headers);

    /// <summary>Opens a WebSocket on a connection, such as one with TLS.</summary>
    public static Task<RawWebSocket> OpenAsync(Stream stream, params string[] headers) =>
        OpenAsync(new RawWebSocket(stream, null), headers);

    /// <summary>Sends a whole text message.</summary>
    public Task SendAsync(string message) => SendBytesAsync(SocketFrame.Message(message));

    /// <summary>Sends bytes as they are.</summary>
    public async Task SendBytesAsync(ReadOnlyMemory<byte> bytes)
    {
        using var timeout = new CancellationTokenSource(TestWait.Timeout);
        await _writing.WaitAsync(timeout.Token);
        try
        {
            await _stream.WriteAsync(bytes, timeout.Token);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Sends a close frame.</summary>
    public Task SendCloseAsync(int code = 1000) =>
        SendBytesAsync(SocketFrame.Encode(Opcode.Close, SocketFrame.ClosePayload(code)));

    /// <summary>The next frame; null once the connection has ended.</summary>
    /// <param name="within">How long it may take to begin; null: <see cref="TestWait.Timeout"/>.</param>
    public async Task<SocketFrame?> ReadFrameAsync(TimeSpan? within = null)
    {
        try
        {
            var head = await ReadBytesAsync(2, within);
            Assert.That(head[1] & 0x80, Is.Zero, "a server's frames have no mask");
            Assert.That(head[0] & 0xF0, Is.EqualTo(0x80), "they are whole and uncompressed");
            var length = head[1] switch
            {
                126 => BinaryPrimitives.ReadUInt16BigEndian(await ReadBytesAsync(2)),
                127 => checked((int)BinaryPrimitives.ReadUInt64BigEndian(await ReadBytesAsync(8))),
                var few => few,
            };
            return new SocketFrame(head[0] & 0xF, await ReadBytesAsync(length));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The next text message; fails the test when something else comes, but skips pings.</summary>
    public async Task<string> ReadAsync()
    {
        var frame = await ReadFrameAsync();
        while (frame is { Opcode: Opcode.Ping })
            frame = await ReadFrameAsync();
        Assert.That(frame, Is.Not.Null, "the connection has ended");
        Assert.That(frame!.Opcode, Is.EqualTo(Opcode.Text), frame.ToString());
        return frame.Text;
    }

    /// <summary>Sends a request with a tag of its own and returns the reply, without tag and parameters.</summary>
    public async Task<string> AskAsync(string line, string parameters = "") =>
        (await AskForAllAsync(line, parameters)).Line;

    /// <summary>The same with the reply's parameters, each after a semicolon.</summary>
    public async Task<(string Parameters, string Line)> AskForAllAsync(string line, string parameters = "")
    {
        var tag = $"{++_tag}";
        await SendAsync($"{tag}{parameters} {line}");
        var reply = (await ReadAsync()).Split(' ', 2);
        Assert.That(reply[0].Split(';')[0], Is.EqualTo(tag));
        return (reply[0][tag.Length..], reply[1]);
    }

    /// <summary>Registers a player and returns its pairing key.</summary>
    public async Task<string> RegisterAsync(string line)
    {
        var reply = await AskAsync(line);
        Assert.That(reply, Does.StartWith("0/0/"));
        return reply["0/0/".Length..];
    }

    /// <summary>Reads to the close frame, skipping all before it; null when the connection ends without one.</summary>
    public async Task<SocketFrame?> ReadCloseAsync()
    {
        while (true)
        {
            if (await ReadFrameAsync() is not { } frame)
                return null;
            if (frame.Opcode == Opcode.Close)
                return frame;
        }
    }

    /// <summary>Reads until the connection ends; fails the test when it does not.</summary>
    public async Task ReadToEndAsync()
    {
        while (await ReadFrameAsync() is not null)
        {
            // Skipped.
        }
    }

    /// <summary>Closes the connection by a reset (RST).</summary>
    public void Reset()
    {
        Socket.LingerState = new LingerOption(true, 0);
        Socket.Close();
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _writing.Dispose();
    }

    private static async Task<RawWebSocket> OpenAsync(RawWebSocket opened, string[] headers)
    {
        await opened.SendBytesAsync(Encoding.ASCII.GetBytes(RawHttp.Head("GET / HTTP/1.1", [.. Headers, .. headers])));
        var head = new StringBuilder();
        while (head.Length < HeadBytesMax && !head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            head.Append((char)(await opened.ReadBytesAsync(1))[0]);
        opened.Head = head.ToString();
        Assert.That(opened.Head, Does.StartWith("HTTP/1.1 101 "));
        return opened;
    }

    private async Task<byte[]> ReadBytesAsync(int count, TimeSpan? within = null)
    {
        var bytes = new byte[count];
        using var timeout = new CancellationTokenSource(within ?? TestWait.Timeout);
        await _stream.ReadExactlyAsync(bytes, timeout.Token);
        return bytes;
    }
}
