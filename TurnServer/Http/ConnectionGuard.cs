using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>
/// Watches the connections that the listener does not: closes those whose request heads are too slow, and new ones
/// while there are too many. A thread of its own, so that it works when the thread pool is busy.
/// </summary>
internal sealed class ConnectionGuard : IDisposable
{
    // About as fast as connections can be accepted on one core, so that the limit is seldom overrun between two looks.
    private const int AcceptsPerMillisecond = 50;

    /// <summary>
    /// How far new connections may exceed the limit before they are closed at once: half of the descriptor reserve.
    /// </summary>
    public const int OverrunMax = ConnectionLimit.DescriptorReserve / 2;

    private const int SendTimeoutMilliseconds = 10_000;

    // A look at every connection may cost up to 2 % of a core.
    private const int RestPerWork = 50;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LookIntervalMax = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShedInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan ShedLogInterval = TimeSpan.FromMinutes(1);

    private readonly IReadOnlyCollection<object> _fresh;
    private readonly System.Collections.IDictionary _kept;
    private readonly int _connectionsMax;
    private readonly AddressConnections _byAddress;
    private readonly TimeSpan _headTimeout;
    private readonly string _remedy;
    private readonly ILogger _log;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _stop = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _shedLoggedAt;
    private long _slowHeads;
    private long _shed;

    public ConnectionGuard(HttpListener listener, object endPoint, int connectionsMax, HttpOptions options,
        string remedy, ILogger log)
    {
        _fresh = ListenerInternals.UnregisteredConnections(endPoint);
        _kept = ListenerInternals.RegisteredConnections(listener);
        _connectionsMax = connectionsMax;
        _byAddress = new AddressConnections(options.ConnectionsPerAddressMax);
        _headTimeout = options.BodyTimeout;
        _remedy = remedy;
        _log = log;
        AcceptHook.Install(endPoint, Admits, () => Interlocked.Increment(ref _slowHeads));
        CloseUnprepared();
        _thread = new Thread(Run) { IsBackground = true, Name = "connection guard" };
    }

    /// <summary>Ends when the guard has been stopped, or fails when it has.</summary>
    public Task Completion => _ended.Task;

    /// <summary>How many connections are open; read without a lock, so possibly a few off.</summary>
    public int Count => _fresh.Count + _kept.Count;

    /// <summary>Connections closed since the start because a request's head was too slow or too long.</summary>
    public long SlowHeads => Volatile.Read(ref _slowHeads);

    /// <summary>Connections closed since the start because there were too many.</summary>
    public long ShedCount => Volatile.Read(ref _shed);

    /// <summary>Called for each connection that is closed because its address has too many.</summary>
    public Action AddressRefused { get; init; } = () => { };

    /// <summary>
    /// Whether a request should be answered 503 and its connection closed: the first of a connection that is one too
    /// many. A crowd at the door costs nobody who is in already.
    /// </summary>
    public bool Refuses(HttpListenerContext context) =>
        Count > _connectionsMax && ListenerInternals.ReusesOf(ListenerInternals.ConnectionOf(context)) == 0;

    public void Start() => _thread.Start();

    public void Dispose()
    {
        _stop.Set();
        if (_thread.IsAlive)
            _thread.Join();
        _stop.Dispose();
    }

    private static ClientAddress? AddressOf(object connection) =>
        ListenerInternals.SocketOf(connection) is { } socket ? AddressOf(socket) : null;

    private static ClientAddress? AddressOf(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint is IPEndPoint peer ? ClientAddress.Of(peer.Address) : null;
        }
        catch (Exception e) when (ClientDisconnect.Caused(e))
        {
            return null;
        }
    }

    // Called as connections are accepted. The timeout is for what the listener itself writes, in step, to a client that
    // may not be reading: 100 Continue and its pages of errors.
    private bool Admits(Socket socket)
    {
        if (Count >= _connectionsMax + OverrunMax)
        {
            Interlocked.Increment(ref _shed);
            return false;
        }

        if (AddressOf(socket) is not { } address)
            return false;
        try
        {
            socket.SendTimeout = SendTimeoutMilliseconds;
        }
        catch (Exception e) when (ClientDisconnect.Caused(e))
        {
            return false;
        }

        if (_byAddress.TryAdmit(address))
            return true;
        AddressRefused();
        return false;
    }

    private void Run()
    {
        try
        {
            // The first look is slow, as the code is new, and must not count.
            LookAtAll(Stopwatch.GetTimestamp());
            var lookAt = Stopwatch.GetTimestamp();
            while (true)
            {
                Shed();
                var now = Stopwatch.GetTimestamp();
                if (now >= lookAt)
                {
                    LookAtAll(now);
                    var work = Stopwatch.GetElapsedTime(now);
                    var restSeconds = Math.Clamp(work.TotalSeconds * RestPerWork, LookInterval.TotalSeconds,
                        LookIntervalMax.TotalSeconds);
                    lookAt = now + (long)(restSeconds * Stopwatch.Frequency);
                }

                var headroomMilliseconds = (_connectionsMax - Count) / AcceptsPerMillisecond;
                if (_stop.Wait(Math.Clamp(headroomMilliseconds, 1, (int)ShedInterval.TotalMilliseconds)))
                    break;
            }

            _ended.SetResult();
        }
        catch (Exception bug)
        {
            _ended.SetException(bug);
        }
    }

    // The limit is kept by closing connections that have not sent a request: those that play keep playing. All of it
    // under the lock, without which the listener accepts no more: accepting is often quicker than closing.
    private void Shed()
    {
        if (Count <= _connectionsMax)
            return;
        int open;
        lock (_fresh)
        {
            // One that has been closed stays in the set until the thread pool has come round to it.
            var fresh = _fresh.Where(IsOpen).ToList();
            open = fresh.Count + _kept.Count;
            if (open <= _connectionsMax)
                return;
            Interlocked.Add(ref _shed, Close(fresh.Take(open - _connectionsMax)));
        }

        if (_shedLoggedAt != 0 && Stopwatch.GetElapsedTime(_shedLoggedAt) < ShedLogInterval)
            return;
        _shedLoggedAt = Stopwatch.GetTimestamp();
        Log.Shedding(_log, open, _connectionsMax, _remedy);
    }

    private static bool IsOpen(object connection) =>
        ListenerInternals.SocketOf(connection) is { } socket && !socket.SafeHandle.IsClosed;

    // Closes those that were accepted before connections were prepared, as the server was starting: nothing bounds
    // their heads. One that has sent a whole request is not among them.
    private void CloseUnprepared()
    {
        lock (_fresh)
            Close(_fresh.Where(connection => ListenerInternals.ConnectionStreamOf(connection) is null).ToList());
    }

    private void LookAtAll(long now)
    {
        var open = new List<object>();
        lock (_fresh)
            open.AddRange(_fresh);
        lock (_kept)
            open.AddRange(_kept.Keys.Cast<object>());
        _byAddress.Recount(open.Select(AddressOf).OfType<ClientAddress>());
        var slow = Close(open.Where(connection => IsSlow(connection, now)));
        if (slow == 0)
            return;
        Interlocked.Add(ref _slowHeads, slow);
        Log.SlowHeads(_log, slow);
    }

    private bool IsSlow(object connection, long now) =>
        ListenerInternals.ConnectionStreamOf(connection)?.HeadSince is { } since and > 0
        && Stopwatch.GetElapsedTime(since, now) >= _headTimeout;

    // Returns how many were open: one that is given twice, or is only still listed, counts once.
    private static int Close(IEnumerable<object> connections)
    {
        var closed = 0;
        foreach (var connection in connections)
        {
            try
            {
                if (!IsOpen(connection))
                    continue;
                closed++;
                ListenerInternals.SocketOf(connection)?.Dispose();
            }
            catch (SocketException)
            {
                // It was closing already.
            }
        }

        return closed;
    }
}
