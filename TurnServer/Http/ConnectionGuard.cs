using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>
/// Watches the connections that the listener does not: ends request heads that are slow or have no end, and closes new
/// connections while there are too many. A thread of its own, so that it works when the thread pool is busy.
/// </summary>
internal sealed class ConnectionGuard : IDisposable
{
    // As the listener means to limit a whole head.
    private const int HeadLineCharactersMax = 32_768;

    // About as fast as connections can be accepted on one core, so that the limit is seldom overrun between two looks.
    private const int AcceptsPerMillisecond = 50;

    /// <summary>
    /// How far new connections may overrun the limit before they are closed at once, unheard: half of what
    /// <see cref="Descriptors"/> keeps.
    /// </summary>
    public const int OverrunMax = Descriptors.Reserve / 2;

    private const int SendTimeoutMilliseconds = 10_000;

    // A look at every connection may cost up to 2 % of a core.
    private const int RestPerWork = 50;

    // A line without end comes in at up to 500 MB a second on this machine's own loopback, and is kept in twice as many
    // bytes: so much of it as comes in between two looks is what one client can take.
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);
    // However many connections there are.
    private static readonly TimeSpan RestMax = TimeSpan.FromMilliseconds(250);

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
    private Dictionary<object, Head> _heads = [];
    private Dictionary<object, Head> _headsBefore = [];
    private long _shedLoggedAt;
    private long _slowHeads;
    private long _shed;

    public ConnectionGuard(HttpListener listener, object endPoint, int connectionsMax, HttpOptions options,
        string remedy, ILogger log)
    {
        _fresh = ListenerInternals.FreshConnections(endPoint);
        _kept = ListenerInternals.KeptConnections(listener);
        _connectionsMax = connectionsMax;
        _byAddress = new AddressConnections(options.ConnectionsPerAddressMax);
        _headTimeout = options.BodyTimeout;
        _remedy = remedy;
        _log = log;
        ListenerInternals.CloseNewUnless(endPoint, Admits);
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
        catch (Exception e) when (ClientFault.Is(e))
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
        catch (Exception e) when (ClientFault.Is(e))
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
                        RestMax.TotalSeconds);
                    lookAt = now + (long)(restSeconds * Stopwatch.Frequency);
                }

                var headroomMilliseconds = (_connectionsMax - Count) / AcceptsPerMillisecond;
                if (_stop.Wait(Math.Clamp(headroomMilliseconds, 1, (int)LookInterval.TotalMilliseconds)))
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

    private void LookAtAll(long now)
    {
        (_heads, _headsBefore) = (_headsBefore, _heads);
        _heads.Clear();
        var bad = new List<object>();
        var open = new List<object>();
        lock (_fresh)
        {
            open.AddRange(_fresh);
            foreach (var connection in _fresh)
                Look(connection, now, bad);
        }

        lock (_kept)
        {
            foreach (var connection in _kept.Keys)
            {
                open.Add(connection);
                if (ListenerInternals.PartialLineOf(connection) is not null)
                    Look(connection, now, bad);
            }
        }

        _byAddress.Recount(open.Select(AddressOf).OfType<ClientAddress>());
        if (bad.Count == 0)
            return;
        Interlocked.Add(ref _slowHeads, Close(bad));
        Log.SlowHeads(_log, bad.Count);
    }

    private void Look(object connection, long now, List<object> bad)
    {
        var reuses = ListenerInternals.ReusesOf(connection);
        if (!_headsBefore.TryGetValue(connection, out var head) || head.Reuses != reuses)
            head = new Head(now, reuses);
        // One that has just moved from the fresh to the kept is looked at twice.
        _heads[connection] = head;
        var isSlow = Stopwatch.GetElapsedTime(head.FirstSeenAt, now) >= _headTimeout;
        if (isSlow || ListenerInternals.PartialLineOf(connection)?.Length > HeadLineCharactersMax)
            bad.Add(connection);
    }

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

    /// <summary>A request head on its way: since when, and which of its connection's it is.</summary>
    private readonly record struct Head(long FirstSeenAt, int Reuses);
}
