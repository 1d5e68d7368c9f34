using System.Net;
using System.Net.Sockets;

namespace TurnServer.Tests.Abuse;

/// <summary>
/// Many connections of an abuser, without a buffer or a task of their own, from several loopback addresses, as one has
/// no more than some 28 000 ports. They end by a reset, so that none of those ports stays taken.
/// </summary>
internal sealed class Crowd : IDisposable
{
    /// <summary>So many threads connect, send and receive.</summary>
    public const int Threads = 4;

    private const int Addresses = 8;

    // As <linux/in.h> has them: the port is chosen at the connect, and so only has to be free towards this server.
    private const int IpLevel = 0;
    private const int BindAddressNoPort = 24;

    private readonly Socket[] _sockets;

    private Crowd(Socket[] sockets) => _sockets = sockets;

    public int Count => _sockets.Length;

    /// <summary>How many the server has not ended; what they have to read is read, up to a little.</summary>
    public int CountOpen() => _sockets.Count(IsOpen);

    /// <summary>Opens so many connections, on a few threads.</summary>
    public static async Task<Crowd> ConnectAsync(int port, int count)
    {
        var sockets = new Socket[count];
        await OnThreadsAsync(count, i => sockets[i] = Connect(port, i));
        return new Crowd(sockets);
    }

    /// <summary>Opens one connection from the abuser's address of this number, modulo a few.</summary>
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

    /// <summary>Does this for each number below a count, on a few threads of its own.</summary>
    public static Task OnThreadsAsync(int count, Action<int> action) =>
        Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => OnThread(() =>
        {
            for (var i = thread; i < count; i += Threads)
                action(i);
        })));

    /// <summary>Runs this on a thread of its own.</summary>
    public static Task OnThread(Action action) => Task.Factory.StartNew(action, CancellationToken.None,
        TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Sends these bytes on each connection that takes them. Returns how many did.</summary>
    public async Task<int> SendAsync(byte[] bytes)
    {
        var taken = 0;
        await OnThreadsAsync(Count, i =>
        {
            try
            {
                _sockets[i].Send(bytes);
                Interlocked.Increment(ref taken);
            }
            catch (SocketException)
            {
                // The server has ended it.
            }
        });
        return taken;
    }

    /// <summary>Posts or gets on each, and reads until its reply has begun. Returns how many were answered.</summary>
    public async Task<int> PostAsync(byte[] request, string answerStart)
    {
        var answered = 0;
        await SendAsync(request);
        await OnThreadsAsync(Count, i =>
        {
            var buffer = new byte[answerStart.Length];
            try
            {
                var isAnswered = _sockets[i].Receive(buffer, SocketFlags.Peek) == buffer.Length
                    && buffer.AsSpan().SequenceEqual(System.Text.Encoding.ASCII.GetBytes(answerStart));
                if (isAnswered)
                    Interlocked.Increment(ref answered);
            }
            catch (SocketException)
            {
                // Ended unanswered.
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
