using System.Net.Sockets;
using System.Text;

namespace TurnServer.Tests.Support;

/// <summary>The service manager's end of NOTIFY_SOCKET: a Unix datagram socket that stores its messages.</summary>
internal sealed class NotifySocket : IAsyncDisposable
{
    private const int MessageBytesMax = 4096;

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly List<string> _messages = [];
    private readonly CancellationTokenSource _end = new();
    private readonly Task _reader;

    /// <summary>Binds the socket.</summary>
    /// <param name="address">The value of NOTIFY_SOCKET: a path, or @ and an abstract name.</param>
    public NotifySocket(string address)
    {
        Address = address;
        _socket.Bind(new UnixDomainSocketEndPoint(address[0] == '@' ? '\0' + address[1..] : address));
        _reader = ReadAsync();
    }

    public string Address { get; }

    /// <summary>The datagrams so far.</summary>
    public IReadOnlyList<string> Messages
    {
        get
        {
            lock (_messages)
                return [.. _messages];
        }
    }

    /// <summary>How many watchdog pings have arrived.</summary>
    public int Pings => Count("WATCHDOG=1");

    /// <summary>An unused address.</summary>
    public static string NewAddress(bool isAbstract)
    {
        var name = $"turnserver-test-{Guid.NewGuid():N}";
        return isAbstract ? '@' + name : Path.Combine(Path.GetTempPath(), name);
    }

    /// <summary>How many datagrams contain this line.</summary>
    public int Count(string line) => Messages.Count(message => message.Split('\n').Contains(line));

    /// <summary>The latest STATUS; empty before the first.</summary>
    public string Status => Messages.SelectMany(message => message.Split('\n'))
        .LastOrDefault(line => line.StartsWith("STATUS=", StringComparison.Ordinal), "STATUS=")["STATUS=".Length..];

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _reader.WaitAsync(TestWait.Timeout);
        _socket.Dispose();
        _end.Dispose();
        if (Address[0] != '@')
            File.Delete(Address);
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[MessageBytesMax];
        try
        {
            while (true)
            {
                var length = await _socket.ReceiveAsync(buffer, _end.Token);
                lock (_messages)
                    _messages.Add(Encoding.UTF8.GetString(buffer.AsSpan(0, length)));
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
