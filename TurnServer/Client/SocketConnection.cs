using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.WebSockets;
using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>One WebSocket, from opening it to its end. Thread-safe.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "RunAsync disposes the socket and the timer at the end.")]
internal sealed class SocketConnection
{
    private const int FirstBytes = 1024;
    private const int GrowthFactor = 4;

    // The longest reply is a full block; the server writes up to 192 bytes before it.
    private const int MessageBytesMax = ProtocolLimits.BacklogBytesMax + 256;

    // As HttpClient closes idle connections. A seat in a game sends more often by itself.
    private static readonly TimeSpan IdleMax = TimeSpan.FromSeconds(10);

    // For the other side's close frame.
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1);

    private readonly ClientWebSocket _socket = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;
    private readonly ITimer _idle;
    private readonly TaskCompletionSource _closing = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Nobody may send before the WebSocket is open; the first to ask is the first to send.
    private readonly SemaphoreSlim _sending = new(0);
    private readonly Lock _lock = new();
    private readonly Dictionary<int, SocketExchange> _underWay = [];
    private int _lastTag;
    private bool _isClosing;

    private SocketConnection(TimeSpan timeout, TimeProvider time)
    {
        _timeout = timeout;
        _time = time;
        _idle = time.CreateTimer(_ => CloseIfIdle(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _socket.Options.AddSubProtocol(SocketRequest.Subprotocol);
        // The server pings; requests that are not answered tell of a dead connection.
        _socket.Options.KeepAliveInterval = TimeSpan.Zero;
        _socket.Options.CollectHttpResponseDetails = true;
    }

    /// <summary>Begins to open a WebSocket for this request. Others can be added at once.</summary>
    public static (SocketConnection Connection, SocketExchange Request) Open(HttpMessageInvoker http, Uri url,
        TimeSpan timeout, TimeProvider time, OutgoingRequest first)
    {
        var connection = new SocketConnection(timeout, time);
        // Before anything can fail: nothing is added to a connection that has.
        var request = connection.Begin(first)!;
        // It lives as long as the WebSocket, and reports to those who have requests under way.
        _ = Task.Run(() => connection.RunAsync(http, url));
        return (connection, request);
    }

    /// <summary>Adds a request; null if the connection is closed or about to be.</summary>
    public SocketExchange? Begin(OutgoingRequest request)
    {
        lock (_lock)
        {
            if (_isClosing)
                return null;
            do
                _lastTag = _lastTag == SocketMessages.TagMax ? 0 : _lastTag + 1;
            while (_underWay.ContainsKey(_lastTag));
            var exchange = new SocketExchange(_lastTag, request);
            _underWay.Add(_lastTag, exchange);
            return exchange;
        }
    }

    /// <summary>Sends a request, after those before it. Its outcome says whether that worked.</summary>
    /// <exception cref="OperationCanceledException">It has been cancelled before it was sent.</exception>
    public async Task SendAsync(SocketExchange exchange, CancellationToken cancel)
    {
        await _sending.WaitAsync(cancel);
        try
        {
            // Not cancelled halfway, as that would end the connection.
            if (!exchange.Outcome.IsCompleted)
            {
                await _socket.SendAsync(SocketMessages.Compose(exchange.Tag, exchange.Request),
                    WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            }
        }
        catch (Exception e) when (IsLoss(e))
        {
            // Whoever receives learns why.
            Abort();
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Removes a request; a reply that still comes is ignored.</summary>
    public void End(SocketExchange exchange)
    {
        lock (_lock)
        {
            _underWay.Remove(exchange.Tag);
            if (_underWay.Count == 0 && !_isClosing)
                _idle.Change(IdleMax, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Ends the connection at once; requests under way are lost.</summary>
    public void Abort()
    {
        lock (_lock)
            _isClosing = true;
        _socket.Abort();
    }

    /// <summary>Closes the connection; requests under way are lost.</summary>
    public void Close()
    {
        lock (_lock)
            _isClosing = true;
        _closing.TrySetResult();
    }

    private void CloseIfIdle()
    {
        lock (_lock)
        {
            if (_underWay.Count > 0)
                return;
            _isClosing = true;
        }

        _closing.TrySetResult();
    }

    private async Task RunAsync(HttpMessageInvoker http, Uri url)
    {
        var isOpen = false;
        try
        {
            var refusal = await OpenAsync(http, url);
            if (refusal is null)
            {
                isOpen = true;
                _sending.Release();
            }

            Finish(refusal ?? await ReceiveUntilClosedAsync());
        }
        catch (Exception e) when (IsLoss(e))
        {
            Finish(RequestAttempt.Lost(RequestAttempt.Reason(e)));
        }
        catch (Exception bug)
        {
            foreach (var exchange in TakeAll())
                exchange.Fail(bug);
        }
        finally
        {
            if (!isOpen)
                _sending.Release();
            await _idle.DisposeAsync();
            _socket.Dispose();
        }
    }

    // Null when it is open.
    private async Task<RequestAttempt?> OpenAsync(HttpMessageInvoker http, Uri url)
    {
        using var late = new CancellationTokenSource(_timeout, _time);
        try
        {
            await _socket.ConnectAsync(url, http, late.Token);
        }
        catch (Exception e) when (late.IsCancellationRequested && IsLoss(e))
        {
            return RequestAttempt.Lost($"no answer within {_timeout.TotalSeconds:0.#} s");
        }
        catch (WebSocketException e)
        {
            return SocketRefusal.Explain(e, _socket, url);
        }

        return _socket.SubProtocol == SocketRequest.Subprotocol ? null : SocketRefusal.WithoutSubprotocol(url);
    }

    private async Task<RequestAttempt> ReceiveUntilClosedAsync()
    {
        var receiving = ReceiveAsync();
        if (await Task.WhenAny(receiving, _closing.Task) == receiving)
            return await receiving;
        // Behind a message that is being sent.
        await _sending.WaitAsync();
        try
        {
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
            return await receiving.WaitAsync(CloseTimeout, _time);
        }
        catch (TimeoutException)
        {
            _socket.Abort();
            return await receiving;
        }
        finally
        {
            _sending.Release();
        }
    }

    // Always pending, as the server's pings are answered only then.
    private async Task<RequestAttempt> ReceiveAsync()
    {
        var buffer = new byte[FirstBytes];
        while (true)
        {
            var count = 0;
            ValueWebSocketReceiveResult result;
            do
            {
                if (count == MessageBytesMax)
                    return RequestAttempt.NotTurnServer("its answer is longer than any turn server's");
                if (count == buffer.Length)
                    Array.Resize(ref buffer, Math.Min(GrowthFactor * count, MessageBytesMax));
                result = await _socket.ReceiveAsync(buffer.AsMemory(count), CancellationToken.None);
                count += result.Count;
            }
            while (!result.EndOfMessage);

            if (result.MessageType == WebSocketMessageType.Close)
                return await AnswerCloseAsync();
            if (result.MessageType == WebSocketMessageType.Binary
                || !SocketMessages.TryParse(buffer.AsMemory(0, count).ToArray(), out var reply))
            {
                return RequestAttempt.NotTurnServer("it sends messages that are no replies");
            }

            Complete(reply);
        }
    }

    private async Task<RequestAttempt> AnswerCloseAsync()
    {
        if (_socket.State == WebSocketState.CloseReceived)
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        var why = _socket.CloseStatusDescription is { Length: > 0 } reason ? $": {reason}" : "";
        return RequestAttempt.Lost($"the connection was closed{why}");
    }

    private void Complete(in SocketReply message)
    {
        SocketExchange? exchange;
        lock (_lock)
        {
            // It may have been given up.
            if (!_underWay.TryGetValue(message.Tag, out exchange))
                return;
        }

        exchange.Complete(message.Reply is { } reply
            ? RequestAttempt.Answered(reply, exchange.Request.Symbol, message.RetryAfter)
            : RequestAttempt.NotTurnServer("it does not answer like one"));
    }

    private void Finish(in RequestAttempt outcome)
    {
        foreach (var exchange in TakeAll())
            exchange.Complete(outcome);
    }

    private List<SocketExchange> TakeAll()
    {
        lock (_lock)
        {
            _isClosing = true;
            return [.. _underWay.Values];
        }
    }

    // An aborted WebSocket throws any of these.
    private static bool IsLoss(Exception e) => e is WebSocketException or HttpRequestException or IOException
        or OperationCanceledException or ObjectDisposedException;
}
