using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>
/// Enforces what the listener does not: closes connections whose request heads are too slow, and new ones above the
/// limit. Runs on its own thread, so that it works when the thread pool is busy.
/// </summary>
internal sealed class ConnectionGuard : IDisposable
{
    // About as fast as one core accepts connections, so that the limit is seldom exceeded between two checks.
    private const int AcceptsPerMillisecond = 50;

    /// <summary>
    /// How far new connections may exceed the limit before they are closed at once: half of the descriptor reserve.
    /// </summary>
    public const int OverrunMax = ConnectionLimit.DescriptorReserve / 2;

    private const int SendTimeoutMilliseconds = 10_000;

    // Pause 50 times as long as a check took (2 % of a core), within the intervals below.
    private const int PausePerWork = 50;

    private static readonly TimeSpan CheckInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan CheckIntervalMax = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShedInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan ShedLogInterval = TimeSpan.FromMinutes(1);

    // The listener's own sets: connections without, and with, a complete request head so far.
    private readonly IReadOnlyCollection<object> _unregistered;
    private readonly System.Collections.IDictionary _registered;
    private readonly int _connectionsMax;
    private readonly AddressConnections _byAddress;
    private readonly TimeSpan _headTimeout;
    private readonly string _remedy;
    private readonly ILogger _log;
    private readonly Thread _thread;

    // Without spinning, which would cost more than the checks.
    private readonly ManualResetEventSlim _stop = new(initialState: false, spinCount: 0);

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _shedLoggedAt;
    private long _slowHeads;
    private long _shed;

    public ConnectionGuard(HttpListener listener, object endPoint, int connectionsMax, HttpOptions options,
        string remedy, ILogger log)
    {
        _unregistered = ListenerInternals.UnregisteredConnections(endPoint);
        _registered = ListenerInternals.RegisteredConnections(listener);
        _connectionsMax = connectionsMax;
        _byAddress = new AddressConnections(options.ConnectionsPerAddressMax);
        _headTimeout = options.BodyTimeout;
        _remedy = remedy;
        _log = log;
        AcceptHook.Install(endPoint, Admits, () => Interlocked.Increment(ref _slowHeads));
        CloseUnhooked();
        _thread = new Thread(Run) { IsBackground = true, Name = "connection guard" };
    }

    /// <summary>A guard of the listener on this port; null if the runtime's HttpListener is unknown.</summary>
    public static ConnectionGuard? TryCreate(HttpListener listener, int port, int connectionsMax, HttpOptions options,
        string remedy, ILogger log) => ListenerInternals.Available
            ? new ConnectionGuard(listener, ListenerInternals.FindEndPoint(port)!, connectionsMax, options, remedy, log)
            : null;

    /// <summary>Completes when the guard has been disposed; fails when the guard fails.</summary>
    public Task Completion => _ended.Task;

    /// <summary>How many connections are open; read without a lock, so it may be off by a few.</summary>
    public int Count => _unregistered.Count + _registered.Count;

    /// <summary>Connections closed since the start because a request head was too slow or too long.</summary>
    public long SlowHeads => Volatile.Read(ref _slowHeads);

    /// <summary>Connections closed since the start because there were too many.</summary>
    public long ShedCount => Volatile.Read(ref _shed);

    /// <summary>Called for each connection that is closed because its address has too many.</summary>
    public Action AddressRefused { get; init; } = () => { };

    /// <summary>
    /// Whether to answer a request with 503 and close its connection. Above the limit only a connection's first request
    /// is refused, so that established clients are not affected.
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

    // Called on the accepting thread. The timeout is for the listener's own synchronous writes to a client that may not
    // be reading: 100 Continue and error pages.
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
            // The first check is slow because of the JIT, and must not set the interval.
            CheckAll(Stopwatch.GetTimestamp());
            var nextCheckAt = Stopwatch.GetTimestamp();
            while (true)
            {
                Shed();
                var now = Stopwatch.GetTimestamp();
                if (now >= nextCheckAt)
                {
                    CheckAll(now);
                    var work = Stopwatch.GetElapsedTime(now);
                    var restSeconds = Math.Clamp(work.TotalSeconds * PausePerWork, CheckInterval.TotalSeconds,
                        CheckIntervalMax.TotalSeconds);
                    nextCheckAt = now + (long)(restSeconds * Stopwatch.Frequency);
                }

                if (_stop.Wait(PauseMilliseconds()))
                    break;
            }

            _ended.SetResult();
        }
        catch (Exception bug)
        {
            _ended.SetException(bug);
        }
    }

    // Until the limit could be reached; with few connections less often, as OverrunMax bounds what can come meanwhile,
    // and a low limit (the admin port's) would be looked at every millisecond for ever.
    private int PauseMilliseconds()
    {
        var longest = (int)ShedInterval.TotalMilliseconds;
        var count = Count;
        return count <= _connectionsMax / 2
            ? longest
            : Math.Clamp((_connectionsMax - count) / AcceptsPerMillisecond, 1, longest);
    }

    // Closes connections that have not sent a request; players keep theirs. Holds the lock throughout, which stops the
    // listener from accepting: accepting is often faster than closing.
    private void Shed()
    {
        if (Count <= _connectionsMax)
            return;
        int open;
        lock (_unregistered)
        {
            // A closed connection stays in the set until the thread pool removes it.
            var closable = _unregistered.Where(IsOpen).ToList();
            open = closable.Count + _registered.Count;
            if (open <= _connectionsMax)
                return;
            Interlocked.Add(ref _shed, Close(closable.Take(open - _connectionsMax)));
        }

        if (_shedLoggedAt != 0 && Stopwatch.GetElapsedTime(_shedLoggedAt) < ShedLogInterval)
            return;
        _shedLoggedAt = Stopwatch.GetTimestamp();
        Log.Shedding(_log, open, _connectionsMax, _remedy);
    }

    private static bool IsOpen(object connection) =>
        ListenerInternals.SocketOf(connection) is { } socket && !socket.SafeHandle.IsClosed;

    // Closes connections accepted before the hook was installed: their heads are not limited. Those with a complete
    // request are no longer in this set.
    private void CloseUnhooked()
    {
        lock (_unregistered)
            Close(_unregistered.Where(connection => ListenerInternals.ConnectionStreamOf(connection) is null).ToList());
    }

    private void CheckAll(long now)
    {
        var open = new List<object>();
        lock (_unregistered)
            open.AddRange(_unregistered);
        lock (_registered)
            open.AddRange(_registered.Keys.Cast<object>());
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

    // Returns how many were open: a connection that is listed twice counts once.
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
