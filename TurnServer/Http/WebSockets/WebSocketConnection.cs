using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net.WebSockets;
using TurnServer.Actor;
using TurnServer.Protocol;

namespace TurnServer.Http.WebSockets;

/// <summary>
/// One WebSocket: reads requests, has each answered, and sends the replies in the order in which they are ready
/// (PROTOCOL.md, "Over a WebSocket").
/// </summary>
/// <param name="front">Answers requests and counts them.</param>
/// <param name="socket">The WebSocket; whoever created it disposes it.</param>
/// <param name="guard">The socket's stream; null where the listener does not show it.</param>
/// <param name="from">The client's address.</param>
[SuppressMessage("Reliability", "CA1001", Justification = "The semaphores hold no handles and outlive the socket.")]
internal sealed class WebSocketConnection(WebSocketFront front, WebSocket socket, FrameGuard? guard,
    ClientAddress from)
{
    /// <summary>
    /// The most requests under way; further ones are not read until one is answered, so that TCP holds the sender back.
    /// Enough for the 256 players that one address may register, each with a held request and a newer one.
    /// </summary>
    public const int UnderWayMax = 512;

    /// <summary>
    /// With this many under way, a further one is answered without being held: otherwise nothing might be read for as
    /// long as replies are held, not even the answers to pings, and the client would count as silent.
    /// </summary>
    public const int HeldMax = 480;

    /// <summary>
    /// While more bytes of replies than this wait to be sent, no request is read: twice the longest reply.
    /// </summary>
    private const int UnsentBytesMax = 2 * ProtocolLimits.BacklogBytesMax;

    /// <summary>
    /// The most messages that are read in a row without waiting for one, about 0.3 ms of work: they are handled on the
    /// thread of the sockets' events, and other connections wait for it.
    /// </summary>
    private const int MessagesInRowMax = 16;

    private readonly MessageReceiver _receiver = new(socket, front.SlowClientTimeout);
    private readonly SemaphoreSlim _free = new(UnderWayMax);
    private readonly SeatWindow _seats = new();
    private readonly SemaphoreSlim _sending = new(1);
    private int _unsentBytes;
    private volatile bool _isClosing;

    // Set before the server itself ends the connection.
    private SocketEnd? _endedBy;

    // The connection itself counts as one, so that the count reaches 0 only when it stops.
    private int _underWay = 1;
    private int _isStopping;

    // Requests under way that are not held; the reading counts as one until it has ended.
    private int _answeredSoon = 1;
    private TaskCompletionSource? _answered;

    /// <summary>Serves the connection to its end. Returns why it ended.</summary>
    public async Task<SocketEnd> RunAsync()
    {
        guard?.Closing = CloseAsync;
        try
        {
            var end = await ReadAsync();
            if (end != SocketEnd.Client)
                await AnswerBeforeCloseAsync();
            await CloseAsync(end);
            return _endedBy ?? end;
        }
        catch (WebSocketException e) when (e.WebSocketErrorCode == WebSocketError.Faulted)
        {
            // The WebSocket has sent a close frame that says so.
            return _endedBy ?? SocketEnd.Malformed;
        }
        catch (OperationCanceledException)
        {
            // Without answers to its pings the WebSocket aborts itself.
            return _endedBy ?? guard?.Fault ?? SocketEnd.Silent;
        }
        catch (Exception e) when (e is WebSocketException || ClientDisconnect.Caused(e))
        {
            return _endedBy ?? guard?.Fault ?? SocketEnd.Lost;
        }
        finally
        {
            _isClosing = true;
        }
    }

    /// <summary>Takes no more requests, and closes once those under way are answered.</summary>
    public void Stop()
    {
        if (Interlocked.Exchange(ref _isStopping, 1) == 0)
            End();
    }

    private async Task<SocketEnd> ReadAsync()
    {
        for (var inRow = 1; ; inRow++)
        {
            await _free.WaitAsync();
            if (Volatile.Read(ref _unsentBytes) > UnsentBytesMax)
                await WaitUntilSentAsync();
            var receiving = _receiver.ReceiveAsync();
            if (!receiving.IsCompleted)
                inRow = 0;
            var message = await receiving;
            if (inRow == MessagesInRowMax || message.IsTooLong)
            {
                await Task.Yield();
                inRow = 0;
            }

            if (message.End is { } end)
                return end;
            if (!SocketRequest.TryParse(message.Bytes.Span, out var request))
                return SocketEnd.WithoutTag;
            if (!TryBegin())
            {
                // The server is stopping: the client will repeat the request elsewhere.
                _free.Release();
                continue;
            }

            var tag = new SocketTag(message.Bytes.Span[..request.TagLength]);
            if (!front.TryAdmit(from))
                await RefuseAsync(tag, ErrorCode.RateLimited, front.DelayRefusalAsync());
            else if (message.IsTooLong)
                await RefuseAsync(tag, ErrorCode.OverContentLength, Task.CompletedTask);
            else
                await BeginAsync(tag, request, message.Bytes[request.Line]);
        }
    }

    private async ValueTask BeginAsync(SocketTag tag, SocketRequest request, ReadOnlyMemory<byte> line)
    {
        var seat = SeatWindow.SeatOf(line.Span);
        if (seat is { } updated)
            await _seats.EnterAsync(updated);
        if (_free.CurrentCount < UnderWayMax - HeldMax)
            request = request with { WaitSeconds = 0 };
        if (request.WaitSeconds == 0)
            Interlocked.Increment(ref _answeredSoon);
        Answer(tag, request, line, seat);
    }

    // Not awaited, as a held reply must not keep other requests waiting. Stop waits for the count instead.
    private async void Answer(SocketTag tag, SocketRequest request, ReadOnlyMemory<byte> line, int? seat)
    {
        try
        {
            var startedAt = Stopwatch.GetTimestamp();
            front.Began();
            WireReply reply;
            try
            {
                reply = await front.Gateway.AskAsync(line, request.Received, request.WaitSeconds, from,
                    mayResumeInline: true);
            }
            finally
            {
                front.Ended();
            }

            front.Metrics.Answered(reply.Symbol, reply, Stopwatch.GetElapsedTime(startedAt));
            await SendAsync(tag, reply);
        }
        catch (OutcomeUnknownException)
        {
            // There is no reply: the client repeats its requests over another connection.
            front.Metrics.UnknownOutcome();
            Abort(SocketEnd.UnknownOutcome);
        }
        catch (Exception e)
        {
            // A bug here closes this connection only. A bug in the rules ends the process, through the actor.
            front.Metrics.Failed();
            Log.RequestFailed(front.Log, e);
            Abort(SocketEnd.Failed);
        }
        finally
        {
            if (seat is { } updated)
                _seats.Leave(updated);
            if (request.WaitSeconds == 0)
                EndSoon();
            _free.Release();
            End();
        }
    }

    private async Task RefuseAsync(SocketTag tag, ErrorCode error, Task delay)
    {
        front.Began();
        await delay;
        front.Ended();
        var reply = WireReply.Of(Reply.Refuse(error));
        front.Metrics.Refused(reply);
        await SendAsync(tag, reply);
        _free.Release();
        End();
    }

    private async ValueTask SendAsync(SocketTag tag, WireReply reply)
    {
        if (_isClosing)
            return;
        var waiting = reply.Body.Length;
        Interlocked.Add(ref _unsentBytes, waiting);
        await _sending.WaitAsync();
        try
        {
            var message = SocketReplyWriter.Write(tag, reply, out var length);
            var sending = _isClosing
                ? default
                : socket.SendAsync(message.AsMemory(0, length), WebSocketMessageType.Text, true, default);
            // Nearly always done at once: the kernel has room for it.
            if (sending.IsCompleted)
                await sending;
            else
                await sending.AsTask().WaitAsync(front.SlowClientTimeout);
            ArrayPool<byte>.Shared.Return(message);
        }
        catch (TimeoutException)
        {
            front.Metrics.ClientDisconnected();
            Abort(SocketEnd.Slow);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException || ClientDisconnect.Caused(e))
        {
            // Cancelled: the WebSocket was aborted meanwhile.
            front.Metrics.ClientDisconnected();
        }
        finally
        {
            Interlocked.Add(ref _unsentBytes, -waiting);
            _sending.Release();
        }
    }

    private async Task WaitUntilSentAsync()
    {
        await _sending.WaitAsync();
        _sending.Release();
    }

    // False once nothing more is taken.
    private bool TryBegin()
    {
        var underWay = Volatile.Read(ref _underWay);
        while (underWay > 0 && _isStopping == 0)
        {
            var seen = Interlocked.CompareExchange(ref _underWay, underWay + 1, underWay);
            if (seen == underWay)
                return true;
            underWay = seen;
        }

        return false;
    }

    // What is wrong with a message is no reason to lose the replies to those before it. Held ones are repeated.
    private async Task AnswerBeforeCloseAsync()
    {
        _answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        EndSoon();
        await _answered.Task.WaitAsync(front.SlowClientTimeout)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void EndSoon()
    {
        if (Interlocked.Decrement(ref _answeredSoon) == 0)
            _answered!.TrySetResult();
    }

    private void End()
    {
        if (Interlocked.Decrement(ref _underWay) == 0)
            Finish();
    }

    // Not awaited: the answer to the close frame ends the reading, or the time is over.
    private async void Finish()
    {
        _endedBy = SocketEnd.Stopping;
        await CloseAsync(SocketEnd.Stopping);
        await Task.Delay(WebSocketFront.CloseTimeout);
        Abort(SocketEnd.Stopping);
    }

    private void Abort(SocketEnd end)
    {
        _endedBy ??= end;
        socket.Abort();
    }

    // Sends a close frame, unless the connection is beyond that.
    private async Task CloseAsync(SocketEnd end)
    {
        var (status, reason) = SocketEnds.Describe(end);
        await _sending.WaitAsync();
        try
        {
            _isClosing = true;
            await socket.CloseOutputAsync(status, reason, default).WaitAsync(front.SlowClientTimeout);
        }
        catch (Exception e) when (e is WebSocketException or TimeoutException or OperationCanceledException
            || ClientDisconnect.Caused(e))
        {
            // The client has gone, or does not read.
        }
        finally
        {
            _sending.Release();
        }
    }
}
