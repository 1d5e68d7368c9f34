using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Unicode;

namespace TurnServer.Bench.Client;

/// <summary>
/// A keep-alive connection with blocking calls, so that a request costs the client two system calls and no switch to
/// another thread. It connects again after the server has closed it cleanly.
/// </summary>
/// <param name="port">The server's port on this machine.</param>
/// <param name="headers">Additional header lines of every request, each with its line break.</param>
internal sealed class BlockingConnection(int port, string headers = "") : IDisposable
{
    // A request is short; a reply may carry a whole backlog of turns, up to 131072 bytes.
    private const int RequestBytesMax = 1024;
    private const int ReplyBytesMax = 256 * 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly byte[] _request = new byte[RequestBytesMax];
    private readonly byte[] _reply = new byte[ReplyBytesMax];
    private Socket? _socket;
    private int _requestBytes;
    private int _received;

    /// <summary>Posts a body.</summary>
    /// <param name="body">The body.</param>
    /// <param name="waitSeconds">How long the server may hold the reply; 0 sends no Prefer header.</param>
    /// <exception cref="BenchException">It cannot be sent.</exception>
    public void Send(ReadOnlySpan<byte> body, int waitSeconds)
    {
        var isWritten = waitSeconds > 0
            ? Utf8.TryWrite(_request, $"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nPrefer: wait={waitSeconds}\r\n"
                + $"{headers}Content-Length: {body.Length}\r\n\r\n", out var length)
            : Utf8.TryWrite(_request, $"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}"
                + $"Content-Length: {body.Length}\r\n\r\n", out length);
        if (!isWritten || !body.TryCopyTo(_request.AsSpan(length)))
            throw new BenchException($"a request of {body.Length} bytes is longer than this client sends");
        try
        {
            _requestBytes = length + body.Length;
            _socket ??= Connect();
            _socket.Send(_request.AsSpan(0, _requestBytes));
        }
        catch (SocketException e)
        {
            throw new BenchException($"cannot send a request to port {port}: {e.Message}");
        }
    }

    /// <summary>Reads one reply, which must have status 200. It is valid until the next call.</summary>
    /// <exception cref="BenchException">Another reply, or none, arrives.</exception>
    public BlockingReply Read()
    {
        _received = 0;
        ReplyHead head;
        while (!TryParseHead(out head))
            Receive();
        var end = head.Length + head.BodyLength;
        while (_received < end)
            Receive();
        if (_received > end)
            throw new BenchException($"more came than one reply: {Text(_reply.AsSpan(0, _received))}");
        if (head.Status != 200)
        {
            throw new BenchException($"the reply was not of status 200: {Text(_reply.AsSpan(0, end))}, to "
                + Text(_request.AsSpan(0, _requestBytes)));
        }

        if (head.IsLast)
            Dispose();
        return new BlockingReply(_reply.AsSpan(head.Length..end), head.WasHeld);
    }

    /// <summary>Posts a body and returns the reply behind its expected start.</summary>
    /// <exception cref="BenchException">The reply starts otherwise, or none arrives.</exception>
    public string Ask(string body, string expected)
    {
        Send(Encoding.UTF8.GetBytes(body), 0);
        var reply = Text(Read().Body);
        return reply.StartsWith(expected, StringComparison.Ordinal)
            ? reply[expected.Length..]
            : throw new BenchException($"the server answered {reply}, not {expected}, to {body}");
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    private bool TryParseHead(out ReplyHead head)
    {
        try
        {
            return ReplyHead.TryParse(_reply.AsSpan(0, _received), out head);
        }
        catch (HttpRequestException e)
        {
            throw new BenchException($"{e.Message}: {Text(_reply.AsSpan(0, _received))}");
        }
    }

    private Socket Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = (int)Timeout.TotalMilliseconds,
            SendTimeout = (int)Timeout.TotalMilliseconds,
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
            throw new BenchException($"no reply from port {port}: {e.Message}");
        }
    }
}

/// <summary>A reply that <see cref="BlockingConnection"/> has read.</summary>
/// <param name="body">The body.</param>
/// <param name="wasHeld">Whether the server says that it held the reply.</param>
internal readonly ref struct BlockingReply(ReadOnlySpan<byte> body, bool wasHeld)
{
    public ReadOnlySpan<byte> Body { get; } = body;

    public bool WasHeld { get; } = wasHeld;
}
