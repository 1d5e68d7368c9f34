using System.Net.Sockets;
using System.Threading.Channels;

namespace TurnServer.Cluster.Link;

/// <summary>
/// An authenticated connection, the same at both ends: one loop reads frames and hands them on, one loop writes all
/// frames that have been queued since its last write at once, and a timer sends pings and notices a silent peer.
/// </summary>
/// <param name="socket">Closed when the connection ends.</param>
/// <param name="reader">Has what the other side sent after the handshake.</param>
/// <param name="clock">For pings.</param>
internal sealed class LinkConnection(Socket socket, LinkReader reader, TimeProvider clock) : IDisposable
{
    // One more than the answers that a server may owe, as there may be a ping before them.
    private readonly Channel<OutgoingFrame> _queue = Channel.CreateBounded<OutgoingFrame>(
        new BoundedChannelOptions(LinkLimits.RequestsInFlightMax + 1) { SingleReader = true });

    private readonly LinkOutput _output = new();
    private readonly CancellationTokenSource _ended = new();
    private string? _reason;
    private int _isClosed;
    private long _receivedAt = clock.GetTimestamp();
    private long _sentAt = clock.GetTimestamp();
    private long _tickedAt = clock.GetTimestamp();
    private bool _isHandling;
    private bool _isFinishing;
    private ITimer? _finishTimer;

    /// <summary>Cancelled when the connection ends.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Whether it has ended because the other side had fallen silent.</summary>
    public bool WasSilent { get; private set; }

    /// <summary>Queues a frame. False if the connection has ended or the queue is full: nothing is sent then.</summary>
    public bool TrySend(OutgoingFrame frame) => _queue.Writer.TryWrite(frame);

    /// <summary>Ends the connection at once. The first reason counts.</summary>
    public void Close(string reason)
    {
        Interlocked.CompareExchange(ref _reason, reason, null);
        if (Interlocked.Exchange(ref _isClosed, 1) != 0)
            return;
        _queue.Writer.TryComplete();
        socket.Dispose();
        _ended.Cancel();
    }

    /// <summary>
    /// Ends the connection once the queued frames are written and the other side has closed it too, or after
    /// <see cref="LinkLimits.FinishTimeout"/>. Frames that come meanwhile are dropped.
    /// </summary>
    public void Finish(string reason)
    {
        Interlocked.CompareExchange(ref _reason, reason, null);
        _finishTimer = clock.CreateTimer(_ => Close(reason), null, LinkLimits.FinishTimeout,
            Timeout.InfiniteTimeSpan);
        Volatile.Write(ref _isFinishing, true);
        _queue.Writer.TryComplete();
    }

    /// <summary>Runs until the connection ends, and returns why. Fails only on a bug.</summary>
    /// <param name="handle">
    /// Takes a frame and returns null, or why it is malformed. Nothing is read until it has completed.
    /// </param>
    public async Task<string> RunAsync(Func<LinkFrame, ValueTask<string?>> handle)
    {
        var heartbeat = clock.CreateTimer(_ => Tick(), null, LinkLimits.TickInterval, LinkLimits.TickInterval);
        try
        {
            await Task.WhenAll(ReadAsync(handle), WriteAsync());
        }
        finally
        {
            await heartbeat.DisposeAsync();
            while (_queue.Reader.TryRead(out var frame))
                frame.Abandon();
        }

        return _reason!;
    }

    public void Dispose()
    {
        Close("closed by this server");
        _finishTimer?.Dispose();
        // Not the source of the token: Close may just be cancelling it, and it holds nothing.
    }

    private async Task ReadAsync(Func<LinkFrame, ValueTask<string?>> handle)
    {
        try
        {
            while (true)
            {
                while (reader.TryTake(out var frame))
                {
                    if (!Volatile.Read(ref _isFinishing) && await HandleAsync(handle, frame) is { } fault)
                    {
                        Close($"malformed: {fault}");
                        return;
                    }
                }

                if (reader.Fault is { } malformed)
                {
                    Close($"malformed: {malformed}");
                    return;
                }

                var count = await socket.ReceiveAsync(reader.MakeRoom(), SocketFlags.None);
                if (count == 0)
                {
                    Close("closed by the other server");
                    return;
                }

                reader.Add(count);
                Volatile.Write(ref _receivedAt, clock.GetTimestamp());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Close(e.Message);
        }
        finally
        {
            // After a bug, so that the other loop ends too.
            Close("reading failed");
        }
    }

    // While a frame is handled nothing is read, pings of the other side neither: that is no silence.
    private async ValueTask<string?> HandleAsync(Func<LinkFrame, ValueTask<string?>> handle, LinkFrame frame)
    {
        Volatile.Write(ref _isHandling, true);
        var handling = handle(frame);
        var wasPaused = !handling.IsCompleted;
        var fault = await handling;
        if (wasPaused)
            Volatile.Write(ref _receivedAt, clock.GetTimestamp());
        Volatile.Write(ref _isHandling, false);
        return fault;
    }

    private async Task WriteAsync()
    {
        var queue = _queue.Reader;
        try
        {
            // Frames that are still queued when the connection has been closed are left for RunAsync to abandon.
            while (await queue.WaitToReadAsync() && Volatile.Read(ref _isClosed) == 0)
            {
                while (_output.Length < LinkLimits.WriteBytesMax && queue.TryRead(out var frame))
                    frame.WriteTo(_output);
                Volatile.Write(ref _sentAt, clock.GetTimestamp());
                for (var rest = _output.Written; !rest.IsEmpty;)
                    rest = rest[await socket.SendAsync(rest, SocketFlags.None)..];
                _output.Clear();
            }

            // Closing now would reset the connection, and what the kernel has not sent yet would be lost.
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Close(e.Message);
        }
        catch
        {
            // A bug; the other loop has to end too.
            Close("writing failed");
            throw;
        }
    }

    private void Tick()
    {
        var now = clock.GetTimestamp();
        // A process that has itself been suspended, or out of CPU, has not listened.
        var hasListened = clock.GetElapsedTime(_tickedAt, now) < LinkLimits.PingInterval
            && !Volatile.Read(ref _isHandling);
        _tickedAt = now;
        if (!hasListened)
        {
            Volatile.Write(ref _receivedAt, now);
        }
        else if (clock.GetElapsedTime(Volatile.Read(ref _receivedAt), now) >= LinkLimits.SilenceMax)
        {
            WasSilent = Volatile.Read(ref _isClosed) == 0;
            Close($"nothing received for {LinkLimits.SilenceMax.TotalSeconds:0} s");
        }

        // If something is queued, the writer is waiting for the other side to read.
        var isIdle = clock.GetElapsedTime(Volatile.Read(ref _sentAt), now) >= LinkLimits.PingInterval;
        if (isIdle && _queue.Reader.Count == 0)
            TrySend(PingFrame.Instance);
    }
}
