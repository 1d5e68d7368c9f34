using System.Runtime.CompilerServices;

namespace TurnServer.Http.WebSockets;

/// <summary>
/// The stream below a WebSocket of .NET's, which limits neither how many control frames and fragments come nor how long
/// a frame takes, and waits for the mask of a short frame that has none. Ends the connection of a client that exceeds
/// these limits.
/// </summary>
/// <param name="inner">The connection's stream; disposed together with this one.</param>
/// <param name="timeout">The longest that reading a frame may wait for the client.</param>
/// <param name="clock">Measures time.</param>
internal sealed class FrameGuard(Stream inner, TimeSpan timeout, TimeProvider clock) : Stream
{
    /// <summary>
    /// The most control frames and small fragments at once. The longest message has forty of the longest small
    /// fragments.
    /// </summary>
    public const int SmallFramesMax = 100;

    /// <summary>
    /// And how many a second. Libraries ping every few seconds; 1024 connections of one address may cost as much as ten
    /// times its requests then, though each frame costs a tenth.
    /// </summary>
    public const int SmallFramesPerSecond = 10;

    private FrameScanner _frames;
    private long _smallSeen;
    private double _smallAllowed = SmallFramesMax;
    private long _allowedAt;
    private long _frame;
    private TimeSpan _waited;

    /// <summary>Why reading has failed; null when it has not, or not because of a limit.</summary>
    public SocketEnd? Fault { get; private set; }

    /// <summary>Sends a close frame that says so, while reading is still possible.</summary>
    public Func<SocketEnd, Task> Closing { get; set; } = _ => Task.CompletedTask;

    /// <inheritdoc/>
    public override bool CanRead => inner.CanRead;

    /// <inheritdoc/>
    public override bool CanWrite => inner.CanWrite;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Reads, and looks at the frames.</summary>
    /// <exception cref="IOException">A limit is exceeded, or the connection is lost.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var reading = inner.ReadAsync(buffer, cancellationToken);
        var count = _frames.IsWithinFrame && !reading.IsCompleted ? await WaitAsync(reading.AsTask()) : await reading;
        _frames.Scan(buffer.Span[..count]);
        if (_frames.HasUnmasked)
            await FailAsync(SocketEnd.Malformed);
        else if (_frames.SmallFrames > _smallSeen && !TryTakeSmall())
            await FailAsync(SocketEnd.Flooding);
        return count;
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Flush() => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    // Counts only the time for which the server waits: it may also be the server that does not read.
    private async Task<int> WaitAsync(Task<int> reading)
    {
        if (_frame != _frames.Frames)
            (_frame, _waited) = (_frames.Frames, TimeSpan.Zero);
        var startedAt = clock.GetTimestamp();
        try
        {
            return await reading.WaitAsync(timeout > _waited ? timeout - _waited : TimeSpan.Zero, clock);
        }
        catch (TimeoutException)
        {
            await FailAsync(SocketEnd.Slow);
            return 0;
        }
        finally
        {
            _waited += clock.GetElapsedTime(startedAt);
        }
    }

    private bool TryTakeSmall()
    {
        var now = clock.GetTimestamp();
        if (_allowedAt != 0)
        {
            var refill = clock.GetElapsedTime(_allowedAt, now).TotalSeconds * SmallFramesPerSecond;
            _smallAllowed = Math.Min(SmallFramesMax, _smallAllowed + refill);
        }

        _allowedAt = now;
        _smallAllowed -= _frames.SmallFrames - _smallSeen;
        _smallSeen = _frames.SmallFrames;
        return _smallAllowed >= 0;
    }

    private async Task FailAsync(SocketEnd fault)
    {
        Fault = fault;
        if (fault != SocketEnd.Slow)
            await Closing(fault);
        throw new IOException($"A limit of the WebSocket is exceeded: {fault}.");
    }
}
