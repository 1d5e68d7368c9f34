using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TurnServer.Bench.Client;

/// <summary>
/// The client's side of a WebSocket with blocking calls, so that a message costs the client one system call and no
/// switch to another thread. It answers pings while it waits for a message.
/// </summary>
internal sealed class FrameConnection : IDisposable
{
    public const byte Text = 1;
    public const byte Binary = 2;

    private const byte Close = 8;
    private const byte Ping = 9;
    private const byte Pong = 10;
    private const byte Final = 0x80;
    private const byte Masked = 0x80;
    private const int LongLength = 126;
    private const int MaskBytes = 4;
    private const int PayloadBytesMax = 4096;

    // A mask need not be random here: no proxy has to be protected from this client.
    private const uint Mask = 0x5AC3_69F0;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true,
        ReceiveTimeout = (int)Timeout.TotalMilliseconds,
        SendTimeout = (int)Timeout.TotalMilliseconds,
    };

    private readonly byte[] _out = new byte[PayloadBytesMax + 8];
    private readonly byte[] _in = new byte[PayloadBytesMax + 4];
    private readonly int _port;
    private int _start;
    private int _end;

    /// <summary>Connects.</summary>
    /// <param name="port">The server's port on this machine.</param>
    /// <param name="path">Path and query.</param>
    /// <param name="subprotocol">What to offer as Sec-WebSocket-Protocol; null: nothing.</param>
    /// <exception cref="BenchException">The server does not accept the WebSocket.</exception>
    public FrameConnection(int port, string path, string? subprotocol = null)
    {
        _port = port;
        try
        {
            _socket.Connect(IPAddress.Loopback, port);
            Upgrade(path, subprotocol);
        }
        catch (SocketException e)
        {
            _socket.Dispose();
            throw new BenchException($"cannot connect to port {port}: {e.Message}");
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a message.</summary>
    /// <param name="kind"><see cref="Text"/> or <see cref="Binary"/>.</param>
    /// <param name="payload">The message.</param>
    /// <exception cref="BenchException">It cannot be sent.</exception>
    public void Send(byte kind, ReadOnlySpan<byte> payload)
    {
        var length = 2;
        _out[0] = (byte)(Final | kind);
        if (payload.Length < LongLength)
        {
            _out[1] = (byte)(Masked | payload.Length);
        }
        else
        {
            _out[1] = Masked | LongLength;
            BinaryPrimitives.WriteUInt16BigEndian(_out.AsSpan(length), checked((ushort)payload.Length));
            length += sizeof(ushort);
        }

        var mask = _out.AsSpan(length, MaskBytes);
        BinaryPrimitives.WriteUInt32BigEndian(mask, Mask);
        length += MaskBytes;
        for (var i = 0; i < payload.Length; i++)
            _out[length + i] = (byte)(payload[i] ^ mask[i % MaskBytes]);
        try
        {
            _socket.Send(_out.AsSpan(0, length + payload.Length));
        }
        catch (SocketException e)
        {
            throw new BenchException($"cannot send a message to port {_port}: {e.Message}");
        }
    }

    /// <summary>Reads the next message. It is valid until the next call.</summary>
    /// <exception cref="BenchException">None arrives, or one in fragments, or a close frame.</exception>
    public ReadOnlySpan<byte> Receive()
    {
        while (true)
        {
            Fill(2);
            var head = _in[_start];
            var length = (int)_in[_start + 1];
            var headLength = 2;
            if (length == LongLength)
            {
                headLength += sizeof(ushort);
                Fill(headLength);
                length = BinaryPrimitives.ReadUInt16BigEndian(_in.AsSpan(_start + 2));
            }

            Fill(headLength + length);
            var payload = _in.AsSpan(_start + headLength, length);
            _start += headLength + length;
            switch (head)
            {
                case Final | Text or Final | Binary:
                    return payload;
                case Final | Ping:
                    Send(Pong, payload);
                    break;
                case Final | Pong:
                    break;
                case Final | Close:
                    throw new BenchException($"the server on port {_port} closed a WebSocket: "
                        + Encoding.UTF8.GetString(payload[Math.Min(2, length)..]));
                default:
                    throw new BenchException($"the server on port {_port} sent a frame that is not expected: "
                        + Encoding.UTF8.GetString(_in.AsSpan((_start - length - headLength).._end)));
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private void Upgrade(string path, string? subprotocol)
    {
        var offer = subprotocol is null ? "" : $"Sec-WebSocket-Protocol: {subprotocol}\r\n";
        _socket.Send(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{_port}\r\n"
            + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + $"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offer}\r\n"));
        int head;
        while ((head = _in.AsSpan(0, _end).IndexOf("\r\n\r\n"u8)) < 0)
            Fill(_end + 1);
        if (!_in.AsSpan().StartsWith("HTTP/1.1 101 "u8))
            throw new BenchException($"no WebSocket on port {_port}: {Encoding.UTF8.GetString(_in, 0, _end)}");
        // A server may speak first.
        _start = head + 4;
    }

    // Waits until so many bytes are there from the start of the frame on.
    private void Fill(int count)
    {
        if (_start + count > _in.Length)
        {
            _in.AsSpan(_start.._end).CopyTo(_in);
            (_start, _end) = (0, _end - _start);
        }

        if (count > _in.Length)
            throw new BenchException($"the server on port {_port} sent a message of more than {PayloadBytesMax} bytes");
        while (_end - _start < count)
        {
            if (_start == _end)
                _start = _end = 0;
            try
            {
                var received = _socket.Receive(_in.AsSpan(_end));
                if (received == 0)
                    throw new BenchException($"the server on port {_port} closed a WebSocket without a close frame");
                _end += received;
            }
            catch (SocketException e)
            {
                throw new BenchException($"no message from port {_port}: {e.Message}");
            }
        }
    }
}
