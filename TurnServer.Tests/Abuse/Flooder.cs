using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace TurnServer.Tests.Abuse;

/// <summary>
/// Sends one request after the other on each of many connections, as fast as they are answered, until it is disposed.
/// It costs little CPU: one thread polls once a millisecond and reads only the status of replies. It allocates nothing,
/// as a collection would pause the measurements in this process.
/// </summary>
internal sealed class Flooder : IDisposable
{
    // From <poll.h>.
    private const short PollIn = 1;
    private const int NoDescriptor = -1;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(1);

    private readonly int _port;
    private readonly byte[] _request;
    private readonly Socket?[] _sockets;
    private readonly PollEntry[] _entries;
    private readonly Thread _thread;
    private readonly byte[] _reply = new byte[4096];
    private volatile bool _isStopped;
    private long _refused;
    private long _others;

    public Flooder(int port, int connections, byte[] request)
    {
        (_port, _request) = (port, request);
        _sockets = new Socket?[connections];
        _entries = new PollEntry[connections];
        _thread = new Thread(Flood) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Replies of status 429.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>All other replies.</summary>
    public long Others => Volatile.Read(ref _others);

    public void Dispose()
    {
        _isStopped = true;
        _thread.Join();
        foreach (var socket in _sockets)
            socket?.Dispose();
    }

    private void Flood()
    {
        while (!_isStopped)
        {
            for (var i = 0; i < _sockets.Length; i++)
            {
                if (_sockets[i] is null)
                    Try(i, static (self, i) => self.Connect(i));
            }

            if (Poll(_entries, (nuint)_entries.Length, 0) > 0)
            {
                for (var i = 0; i < _sockets.Length; i++)
                {
                    if (_entries[i].ReturnedEvents != 0)
                        Try(i, static (self, i) => self.Read(i));
                }
            }

            Thread.Sleep(PollInterval);
        }
    }

    private void Try(int i, Action<Flooder, int> action)
    {
        try
        {
            action(this, i);
        }
        catch (SocketException)
        {
            Close(i);
        }
    }

    private void Connect(int i)
    {
        _sockets[i] = ClientSwarm.Connect(_port, i);
        _entries[i] = new PollEntry { Descriptor = (int)_sockets[i]!.SafeHandle.DangerousGetHandle(), Events = PollIn };
        _sockets[i]!.Send(_request);
    }

    private void Read(int i)
    {
        // A short reply arrives in one piece.
        var socket = _sockets[i]!;
        var reply = _reply.AsSpan(0, socket.Receive(_reply));
        if (reply.StartsWith("HTTP/1.1 429"u8))
            Interlocked.Increment(ref _refused);
        else if (!reply.IsEmpty)
            Interlocked.Increment(ref _others);
        if (!reply.IsEmpty && reply.IndexOf("Connection: close"u8) < 0)
            socket.Send(_request);
        else
            Close(i);
    }

    private void Close(int i)
    {
        _sockets[i]?.Dispose();
        _sockets[i] = null;
        _entries[i].Descriptor = NoDescriptor;
    }

    [DllImport("libc", EntryPoint = "poll")]
    private static extern int Poll([In, Out] PollEntry[] entries, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short ReturnedEvents;
    }
}
