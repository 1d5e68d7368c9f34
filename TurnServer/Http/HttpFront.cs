using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Http.WebSockets;
using TurnServer.Metrics;

namespace TurnServer.Http;

/// <summary>The HTTP front end: accepts connections, within its limits, and has every request answered.</summary>
public sealed class HttpFront : IDisposable
{
    /// <summary>
    /// How many accepts are pending. With one, a burst of requests queues in the listener's own list, which costs time
    /// in proportion to its length: server CPU per update was 1.08 times that with four, and 1.02 to 1.06 times with
    /// sixteen, which is within the noise (TurnServer.Bench compare).
    /// </summary>
    private const int AcceptsInFlight = 4;

    /// <summary>
    /// The listen backlog; the kernel caps it at net.core.somaxconn, by default 4096. The listener's own 500 overflows
    /// when all clients reconnect after a restart, and TCP retries a dropped SYN only after 1, 3 and 7 seconds.
    /// </summary>
    private const int BacklogMax = 4096;

    private static readonly TimeSpan DrainCheckInterval = TimeSpan.FromMilliseconds(10);

    private readonly HttpOptions _options;
    private readonly HttpListener _listener;
    private readonly AcceptLoop _acceptLoop;
    private readonly RequestHandler _handler;
    private readonly WebSocketFront _sockets;
    private readonly ConnectionGuard? _guard;
    private readonly CancellationTokenSource _draining = new();
    private readonly RequestMetrics _metrics;
    private readonly object? _endPoint;
    private int _underWay;
    private long _taken;

    private HttpFront(HttpOptions options, HttpListener listener, IPlayerGateway gateway, ITableQueries table,
        RequestMetrics metrics, int connectionsMax, ILogger log)
    {
        _options = options;
        _metrics = metrics;
        _listener = listener;
        var limiter = new AddressLimiter(options.RequestsPerSecond, log);
        var refusals = new RefusalDelay(TimeProvider.System, _draining.Token);
        _sockets = new WebSocketFront(listener, options, gateway, limiter, refusals, metrics, log);
        _handler = new RequestHandler(options, gateway, _sockets,
            new ActorProbe(table.GetStatisticsAsync, TimeProvider.System), limiter, refusals, metrics, log,
            _draining.Token);
        ConnectionsMax = connectionsMax;
        if (ListenerInternals.Available)
        {
            _endPoint = ListenerInternals.FindEndPoint(options.Port)!;
            // Call listen() again to raise the backlog.
            ListenerInternals.ListeningSocketOf(_endPoint).Listen(BacklogMax);
            _guard = new ConnectionGuard(listener, _endPoint, connectionsMax, options,
                "see --max-connections, and ulimit -n or LimitNOFILE for more file descriptors", log)
            { AddressRefused = metrics.ConnectionRefused };
        }

        _acceptLoop = new AcceptLoop(listener, _guard, log);
    }

    /// <summary>How many requests are in progress, held ones included.</summary>
    public int UnderWay => Volatile.Read(ref _underWay) + _sockets.UnderWay;

    /// <summary>How many requests have been received since the start.</summary>
    public long Taken => Volatile.Read(ref _taken) + _sockets.Messages;

    /// <summary>The limit on open connections.</summary>
    public int ConnectionsMax { get; }

    /// <summary>Starts listening. Requests wait until <see cref="RunAsync"/>.</summary>
    /// <param name="options">The address and the limits.</param>
    /// <param name="gateway">Answers players.</param>
    /// <param name="table">Who has the table; tells whether the server is healthy.</param>
    /// <param name="metrics">Counts requests and replies.</param>
    /// <param name="log">For warnings and failures.</param>
    /// <exception cref="CannotListenException">It cannot listen; the message is for the operator.</exception>
    public static async Task<HttpFront> StartAsync(HttpOptions options, IPlayerGateway gateway, ITableQueries table,
        RequestMetrics metrics, ILogger log)
    {
        ListenerExceptions.Suppress(log);
        if (await ListenerStart.WarmUpAsync() is { } missing)
            Log.InternalsMissing(log, missing);
        // After the warm-up, which opens most of the descriptors that the process itself needs.
        var connectionsMax = ConnectionLimit.Resolve(options.ConnectionsMax, options.OtherConnections);
        var listener = ListenerStart.Start(new ListenAddress(options.Host, options.Port, "--"));
        return new HttpFront(options, listener, gateway, table, metrics, connectionsMax, log);
    }

    /// <summary>The current statistics. Any thread may ask.</summary>
    public HttpStatistics GetStatistics()
    {
        var (served, servedTime) = _metrics.Served;
        return new HttpStatistics
        {
            Requests = Taken,
            UnderWay = UnderWay,
            Connections = _guard?.Count,
            ConnectionsMax = ConnectionsMax,
            SlowHeads = _guard?.SlowHeads ?? 0,
            ConnectionsShed = _guard?.ShedCount ?? 0,
            AcceptFailures = _acceptLoop.Failures,
            ErrorsByCode = _metrics.ErrorsByCode(),
            WebSockets = _sockets.GetStatistics(),
            Served = served,
            ServedTime = servedTime,
        };
    }

    /// <summary>Accepts requests until the process ends; fails when the connection guard does.</summary>
    public Task RunAsync() => _acceptLoop.RunAsync(AcceptsInFlight, context =>
    {
        if (!IsDead(context))
            Begin(context);
        return Task.CompletedTask;
    });

    /// <summary>
    /// Stops accepting connections, and closes each one after its next reply, a WebSocket once all its requests are
    /// answered.
    /// </summary>
    public void StopAccepting()
    {
        _draining.Cancel();
        _sockets.Stop();
        // HttpListener.Stop would send an empty 200 on every connection.
        if (_endPoint is not null)
            ListenerInternals.ListeningSocketOf(_endPoint).Dispose();
    }

    /// <summary>
    /// Waits until no request is in progress and no WebSocket is open, at most for <see
    /// cref="HttpOptions.DrainTimeout"/>. Returns how many requests are left.
    /// </summary>
    public async Task<int> DrainAsync()
    {
        var startedAt = Stopwatch.GetTimestamp();
        while ((UnderWay > 0 || _sockets.Open > 0) && Stopwatch.GetElapsedTime(startedAt) < _options.DrainTimeout)
            await Task.Delay(DrainCheckInterval);
        return UnderWay;
    }

    /// <summary>
    /// Stops the guard. The listener stays open until the process ends: closing it would send an empty 200 on every
    /// connection.
    /// </summary>
    public void Dispose()
    {
        _guard?.Dispose();
        _draining.Dispose();
    }

    // Not awaited, or a held reply would block the loop; DrainAsync waits for the count instead. The handler does not
    // throw; if it did, the process would end.
    private async void Begin(HttpListenerContext context)
    {
        Interlocked.Increment(ref _underWay);
        Interlocked.Increment(ref _taken);
        try
        {
            await _handler.HandleAsync(context, _guard?.Refuses(context) ?? false);
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    // The listener has answered these itself, with 411 or 501, and closes the connection.
    private bool IsDead(HttpListenerContext context)
    {
        var request = context.Request;
        // HTTP/1.0 has no transfer codings: there the listener ignores the header.
        var coding = request.ProtocolVersion >= HttpVersion.Version11 ? request.Headers["Transfer-Encoding"] : null;
        var isUnsupportedCoding = coding is not null && !coding.Equals("chunked", StringComparison.OrdinalIgnoreCase);
        var lacksLength = request.HttpMethod is { } method && (IsMethod(method, "POST") || IsMethod(method, "PUT"))
            && !request.HasEntityBody && request.Headers["Content-Length"] is null;
        if (request.HttpMethod is not null && !isUnsupportedCoding && !lacksLength)
            return false;
        if (ListenerInternals.Available)
            ListenerInternals.Unregister(_listener, context);
        return true;

        static bool IsMethod(string method, string name) => method.Equals(name, StringComparison.OrdinalIgnoreCase);
    }
}
