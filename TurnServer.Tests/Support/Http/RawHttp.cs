using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TurnServer.Tests.Support;

/// <summary>
/// A TCP connection on which a test controls every byte: each call sends its bytes unchanged, in a packet of their own.
/// </summary>
internal sealed class RawHttp : IAsyncDisposable
{
    // From <netinet/tcp.h>.
    private const int TcpLevel = 6;
    private const int MaxSegmentOption = 2;

    /// <summary>Long enough for the server to read the pieces separately, even on a busy machine.</summary>
    public static readonly TimeSpan SplitPause = TimeSpan.FromMilliseconds(100);

    private byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;

    private RawHttp(Socket socket) => Socket = socket;

    public Socket Socket { get; }

    /// <summary>How many bytes have been received.</summary>
    public long ReceivedBytes { get; private set; }

    /// <summary>Connects to a port of this machine.</summary>
    /// <param name="port">The server's port.</param>
    /// <param name="receiveBytes">Size of the receive buffer, for clients that stop reading; null: the default.</param>
    /// <param name="segmentBytes">The largest TCP segment sent to this client (MSS); null: the default.</param>
    public static async Task<RawHttp> ConnectAsync(int port, int? receiveBytes = null, int? segmentBytes = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBytes is { } bytes)
            socket.ReceiveBufferSize = bytes;
        if (segmentBytes is { } segment)
            socket.SetRawSocketOption(TcpLevel, MaxSegmentOption, BitConverter.GetBytes(segment));
        try
        {
            using var timeout = new CancellationTokenSource(TestWait.Timeout);
            await socket.ConnectAsync(IPAddress.Loopback, port, timeout.Token);
            return new RawHttp(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>As <see cref="ConnectAsync"/>; null when the server resets the connection at once.</summary>
    public static async Task<RawHttp?> TryConnectAsync(int port)
    {
        try
        {
            return await ConnectAsync(port);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return null;
        }
    }

    /// <summary>A whole POST of this body, with a Content-Length.</summary>
    public static byte[] Post(string body, params string[] headers) => Post(Encoding.UTF8.GetBytes(body), headers);

    /// <summary>A whole POST of this body, with a Content-Length.</summary>
    public static byte[] Post(byte[] body, params string[] headers) =>
        [.. Encoding.UTF8.GetBytes(Head("POST / HTTP/1.1", [.. headers, $"Content-Length: {body.Length}"])), .. body];

    /// <summary>Gets <c>/healthz</c> from the players' port or the admin port.</summary>
    public static async Task<RawReply> GetHealthAsync(int port)
    {
        await using var client = await ConnectAsync(port);
        return await client.GetAsync("GET /healthz HTTP/1.1", "Host: localhost");
    }

    /// <summary>A request's head: request line and headers, with a Host if they have none.</summary>
    public static string Head(string requestLine, params string[] headers)
    {
        var host = headers.Any(header => header.StartsWith("Host:", StringComparison.Ordinal)) ? "" : "Host: test\r\n";
        return $"{requestLine}\r\n{host}{string.Concat(headers.Select(header => header + "\r\n"))}\r\n";
    }

    /// <summary>
    /// Sends a request on as many connections as it has bytes, split in two at a different place on each. Returns the
    /// replies.
    /// </summary>
    public static async Task<RawReply[]> SendSplitAnywhereAsync(int port, byte[] request)
    {
        var clients = await Task.WhenAll(request.Select(_ => ConnectAsync(port)));
        await Task.WhenAll(clients.Select((client, i) => client.SendAsync(request.AsMemory(0, i))));
        await Task.Delay(SplitPause);
        await Task.WhenAll(clients.Select((client, i) => client.SendAsync(request.AsMemory(i))));
        var replies = await Task.WhenAll(clients.Select(client => client.ReadReplyAsync()));
        foreach (var client in clients)
            await client.DisposeAsync();
        return replies;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        using var timeout = new CancellationTokenSource(TestWait.Timeout);
        while (bytes.Length > 0)
            bytes = bytes[await Socket.SendAsync(bytes, timeout.Token)..];
    }

    /// <summary>Posts a body and reads the reply.</summary>
    public async Task<RawReply> PostAsync(string body, params string[] headers)
    {
        await SendAsync(Post(body, headers));
        return await ReadReplyAsync();
    }

    /// <summary>Posts a registration, which must succeed, and returns the pairing key.</summary>
    public async Task<string> RegisterAsync(string body, params string[] headers) =>
        (await PostAsync(body, headers)).DataAfter("0/0/");

    /// <summary>Sends a request without a body and reads the reply.</summary>
    public async Task<RawReply> GetAsync(string requestLine, params string[] headers)
    {
        await SendAsync(Head(requestLine, headers));
        return await ReadReplyAsync(requestLine.StartsWith("HEAD ", StringComparison.Ordinal));
    }

    /// <summary>Reads one reply.</summary>
    /// <param name="isHead">Whether it answers HEAD and has no body, whatever its Content-Length.</param>
    /// <exception cref="IOException">The connection is closed before the end of the reply.</exception>
    public async Task<RawReply> ReadReplyAsync(bool isHead = false)
    {
        var lines = new List<string>();
        while (await ReadLineAsync() is { Length: > 0 } line)
            lines.Add(line);
        var words = lines[0].Split(' ', 3);
        var headers = lines[1..].Select(line => line.Split(": ", 2)).ToLookup(pair => pair[0], pair => pair[^1],
            StringComparer.OrdinalIgnoreCase);
        var length = headers["Content-Length"].FirstOrDefault() is { } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : 0;
        var body = isHead ? [] : await ReadBytesAsync(length);
        return new RawReply(words[0], int.Parse(words[1], CultureInfo.InvariantCulture), headers,
            Encoding.UTF8.GetString(body));
    }

    /// <summary>Whether the server closes the connection within this time and sends nothing before.</summary>
    public async Task<bool> IsClosedAsync(TimeSpan? within = null)
    {
        try
        {
            using var timeout = new CancellationTokenSource(within ?? TestWait.Timeout);
            return _start == _end && await Socket.ReceiveAsync(_buffer, timeout.Token) == 0;
        }
        catch (SocketException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>
    /// Sends a request whose reply the server holds for certain: twice, as the later one ends the hold of the other.
    /// Returns the connection with the held reply.
    /// </summary>
    public async Task<RawHttp> HoldAsync(string body, int waitSeconds = 20)
    {
        var request = Post(body, $"Prefer: wait={waitSeconds}");
        var second = await ConnectAsync(((IPEndPoint)Socket.RemoteEndPoint!).Port);
        await SendAsync(request);
        await second.SendAsync(request);
        await TestWait.UntilAsync(() => Socket.Available + second.Socket.Available > 0, "one request is answered");
        return Socket.Available > 0 ? second : this;
    }

    /// <summary>Reads until the server closes the connection.</summary>
    public async Task<string> ReadToEndAsync()
    {
        var text = new StringBuilder();
        try
        {
            do
            {
                text.Append(Encoding.UTF8.GetString(_buffer, _start, _end - _start));
                _start = _end;
            }
            while (await FillAsync());
        }
        catch (IOException)
        {
            // Reset by the server.
        }

        return text.ToString();
    }

    /// <summary>Closes the connection by a reset (RST), as when a process is killed with bytes unread.</summary>
    public void Reset()
    {
        Socket.LingerState = new LingerOption(true, 0);
        Socket.Close();
    }

    public ValueTask DisposeAsync()
    {
        Socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<string> ReadLineAsync()
    {
        while (true)
        {
            var end = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8);
            if (end >= 0)
            {
                var line = Encoding.Latin1.GetString(_buffer, _start, end);
                _start += end + 2;
                return line;
            }

            if (!await FillAsync())
                throw new IOException("Connection closed before the end of the reply's head.");
        }
    }

    private async Task<byte[]> ReadBytesAsync(int count)
    {
        while (_end - _start < count)
        {
            if (!await FillAsync())
                throw new IOException("Connection closed within the reply's body.");
        }

        var bytes = _buffer.AsSpan(_start, count).ToArray();
        _start += count;
        return bytes;
    }

    private async Task<bool> FillAsync()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        else if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }

        using var timeout = new CancellationTokenSource(TestWait.Timeout);
        try
        {
            var count = await Socket.ReceiveAsync(_buffer.AsMemory(_end), timeout.Token);
            _end += count;
            ReceivedBytes += count;
            return count > 0;
        }
        catch (SocketException e)
        {
            throw new IOException("The connection was reset.", e);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException("The server neither answered nor closed the connection.");
        }
    }
}
