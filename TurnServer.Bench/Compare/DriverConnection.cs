using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Unicode;

namespace TurnServer.Bench.Compare;

/// <summary>
/// One keep-alive connection of the driver. It blocks, so that a request costs the client two system calls and no hand
/// over to another thread; and it connects again when the server has said that it closes.
/// </summary>
/// <param name="port">Where the server listens.</param>
/// <param name="headers">Header lines that every request has beside its own, each with its line break.</param>
internal sealed class DriverConnection(int port, string headers = "") : IDisposable
{
    // A request is short; a reply may bring a whole backlog of turns, 131072 bytes at the most.
    private const int RequestBytesMax = 1024;
    private const int ReplyBytesMax = 256 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly byte[] _request = new byte[RequestBytesMax];
    private readonly byte[] _reply = new byte[ReplyBytesMax];
    private Socket? _socket;
    private int _received;

    /// <summary>Posts a body.</summary>
    /// <param name="body">The body.</param>
    /// <param name="waitSeconds">For how long the reply may be held; 0: not at all, and without the header.</param>
    public void Send(ReadOnlySpan<byte> body, int waitSeconds)
    {
        var isWritten = waitSeconds > 0
            ? Utf8.TryWrite(_request, $"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nPrefer: wait={waitSeconds}\r\n"
                + $"{headers}Content-Length: {body.Length}\r\n\r\n", out var length)
            : Utf8.TryWrite(_request, $"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}"
                + $"Content-Length: {body.Length}\r\n\r\n", out length);
        if (!isWritten || !body.TryCopyTo(_request.AsSpan(length)))
            throw new BenchException($"a request of {body.Length} bytes is longer than the driver sends");
        try
        {
            _socket ??= Connect();
            _socket.Send(_request.AsSpan(0, length + body.Length));
        }
        catch (SocketException e)
        {
            throw new BenchException($"a request could not be sent: {e.Message}");
        }
    }

    /// <summary>Reads one reply, which must be of status 200. It is good until the next is read.</summary>
    public DriverReply Read()
    {
        _received = 0;
        int headLength;
        while ((headLength = _reply.AsSpan(0, _received).IndexOf("\r\n\r\n"u8)) < 0)
            Receive();
        var head = _reply.AsSpan(0, headLength + 2);
        var bodyStart = headLength + 4;
        var end = bodyStart + ContentLength(head);
        while (_received < end)
            Receive();
        if (_received > end)
            throw new BenchException($"more came than one reply: {Text(_reply.AsSpan(0, _received))}");
        if (!head.StartsWith("HTTP/1.1 200 "u8))
            throw new BenchException($"the reply was not of status 200: {Text(_reply.AsSpan(0, end))}");
        if (head.IndexOf("\r\nConnection: close\r\n"u8) >= 0)
            Dispose();
        return new DriverReply(_reply.AsSpan(bodyStart..end), head.IndexOf("\r\nPreference-Applied: wait="u8) >= 0);
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    private static int ContentLength(ReadOnlySpan<byte> head)
    {
        var name = "\r\nContent-Length: "u8;
        var at = head.IndexOf(name);
        return at >= 0 && Utf8Parser.TryParse(head[(at + name.Length)..], out int length, out _) && length >= 0
            ? length
            : throw new BenchException($"the reply has no Content-Length: {Text(head)}");
    }

    private Socket Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = (int)Patience.TotalMilliseconds,
            SendTimeout = (int)Patience.TotalMilliseconds,
        };
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Receive()
    {
        if (_received == _reply.Length)
            throw new BenchException($"a reply is longer than {ReplyBytesMax} bytes");
        try
        {
            var count = _socket!.Receive(_reply.AsSpan(_received));
            if (count == 0)
                throw new BenchException("the server closed a connection before it had replied");
            _received += count;
        }
        catch (SocketException e)
        {
            throw new BenchException($"no reply: {e.Message}");
        }
    }
}

/// <summary>What a connection has read.</summary>
/// <param name="body">The reply's body.</param>
/// <param name="isHeld">Whether the server says that the reply was held.</param>
internal readonly ref struct DriverReply(ReadOnlySpan<byte> body, bool isHeld)
{
    public ReadOnlySpan<byte> Body { get; } = body;

    public bool IsHeld { get; } = isHeld;
}
