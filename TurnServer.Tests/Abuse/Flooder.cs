using System.Net.Sockets;

namespace TurnServer.Tests.Abuse;

/// <summary>
/// Keeps one request on its way on each of many connections, as fast as they are answered, until it is disposed of. It
/// takes no more time of the machine than it must: one thread, which looks once a millisecond, and no look into replies
/// but for their status.
/// </summary>
internal sealed class Flooder : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(1);

    private readonly int _port;
    private readonly byte[] _request;
    private readonly Socket?[] _sockets;
    private readonly Thread _thread;
    private readonly byte[] _reply = new byte[4096];
    private volatile bool _isStopped;
    private long _refused;
    private long _others;

    public Flooder(int port, int connections, byte[] request)
    {
        (_port, _request) = (port, request);
        _sockets = new Socket?[connections];
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
        var ready = new List<Socket>(_sockets.Length);
        while (!_isStopped)
        {
            for (var i = 0; i < _sockets.Length; i++)
            {
                if (_sockets[i] is null)
                    Try(i, Send);
            }

            ready.Clear();
            ready.AddRange(_sockets.OfType<Socket>());
            Socket.Select(ready, null, null, Look);
            var isReady = ready.ToHashSet();
            for (var i = 0; i < _sockets.Length; i++)
            {
                if (_sockets[i] is { } socket && isReady.Contains(socket))
                    Try(i, Read);
            }

            Thread.Sleep(Look);
        }
    }

    private void Try(int i, Action<int> action)
    {
        try
        {
            action(i);
        }
        catch (SocketException)
        {
            _sockets[i]?.Dispose();
            _sockets[i] = null;
        }
    }

    private void Send(int i) => (_sockets[i] ??= Crowd.Connect(_port, i)).Send(_request);

    private void Read(int i)
    {
        // A short reply comes in one piece.
        var socket = _sockets[i]!;
        var reply = _reply.AsSpan(0, socket.Receive(_reply));
        if (reply.StartsWith("HTTP/1.1 429"u8))
            Interlocked.Increment(ref _refused);
        else if (!reply.IsEmpty)
            Interlocked.Increment(ref _others);
        if (!reply.IsEmpty && reply.IndexOf("Connection: close"u8) < 0)
        {
            Send(i);
            return;
        }

        socket.Dispose();
        _sockets[i] = null;
    }
}
