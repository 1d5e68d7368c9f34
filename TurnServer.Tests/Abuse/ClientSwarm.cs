using System.Net;
using System.Net.Sockets;

namespace TurnServer.Tests.Abuse;

/// <summary>
/// Many connections of an abuser, without a buffer or a task each, from several loopback addresses, as one address has
/// only about 28,000 ports. They are closed by reset, so that no port stays in use.
/// </summary>
internal sealed class ClientSwarm : IDisposable
{
    /// <summary>How many threads connect, send and receive.</summary>
    public const int Threads = 4;

    private const int Addresses = 8;

    // From <linux/in.h>: chooses the port at connect, so that it only has to be unused with this server.
    private const int IpLevel = 0;
    private const int BindAddressNoPort = 24;

    private readonly Socket[] _sockets;

    private ClientSwarm(Socket[] sockets) => _sockets = sockets;

    public int Count => _sockets.Length;

    /// <summary>How many connections the server has not closed. Discards what has been received.</summary>
    public int CountOpen() => _sockets.Count(IsOpen);

    /// <summary>Opens connections on several threads.</summary>
    public static async Task<ClientSwarm> ConnectAsync(int port, int count)
    {
        var sockets = new Socket[count];
        await OnThreadsAsync(count, i => sockets[i] = Connect(port, i));
        return new ClientSwarm(sockets);
    }

    /// <summary>Opens one connection from one of the abuser's addresses.</summary>
    public static Socket Connect(int port, int address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = 20_000,
            SendTimeout = 20_000,
            LingerState = new LingerOption(true, 0),
        };
        try
        {
            socket.SetRawSocketOption(IpLevel, BindAddressNoPort, BitConverter.GetBytes(1));
            socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, (byte)(2 + (address % Addresses))]), 0));
            socket.Connect(IPAddress.Loopback, port);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Runs an action for each number below the count, on several dedicated threads.</summary>
    public static Task OnThreadsAsync(int count, Action<int> action) =>
        Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => OnThread(() =>
        {
            for (var i = thread; i < count; i += Threads)
                action(i);
        })));

    /// <summary>Runs an action on a dedicated thread.</summary>
    public static Task OnThread(Action action) => Task.Factory.StartNew(action, CancellationToken.None,
        TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Sends on each open connection. Returns how many sends succeeded.</summary>
    public async Task<int> SendAsync(byte[] bytes)
    {
        var sent = 0;
        await OnThreadsAsync(Count, i =>
        {
            try
            {
                _sockets[i].Send(bytes);
                Interlocked.Increment(ref sent);
            }
            catch (SocketException)
            {
                // The server has closed it.
            }
        });
        return sent;
    }

    /// <summary>Sends a request on each and reads the start of its reply. Returns how many were as expected.</summary>
    public async Task<int> PostAsync(byte[] request, string replyStart)
    {
        var answered = 0;
        await SendAsync(request);
        await OnThreadsAsync(Count, i =>
        {
            var buffer = new byte[replyStart.Length];
            try
            {
                var isAnswered = _sockets[i].Receive(buffer, SocketFlags.Peek) == buffer.Length
                    && buffer.AsSpan().SequenceEqual(System.Text.Encoding.ASCII.GetBytes(replyStart));
                if (isAnswered)
                    Interlocked.Increment(ref answered);
            }
            catch (SocketException)
            {
                // Closed without a reply.
            }
        });
        return answered;
    }

    public void Dispose()
    {
        foreach (var socket in _sockets)
            socket.Dispose();
    }

    private static bool IsOpen(Socket socket)
    {
        Span<byte> buffer = stackalloc byte[512];
        try
        {
            while (socket.Poll(0, SelectMode.SelectRead))
            {
                if (socket.Receive(buffer) == 0)
                    return false;
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
