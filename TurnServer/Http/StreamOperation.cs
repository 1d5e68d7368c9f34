using System.Net.Sockets;

namespace TurnServer.Http;

/// <summary>
/// The reads, or the writes, of one connection: one at a time, and without an exception when it is broken.
/// </summary>
internal sealed class StreamOperation : SocketAsyncEventArgs
{
    // The callback of a read begins the next one, which completes at once when its data has come already, and calls
    // back: as deep as a client sends, unless that is done from another stack.
    [ThreadStatic]
    private static bool _isInReadCallback;

    private readonly Func<SocketAsyncEventArgs, bool> _start;
    private readonly Look? _look;
    private StreamResult? _current;

    /// <param name="start">Starts it on the socket; false when it has completed already.</param>
    /// <param name="look">Looks at what has been read; null for writes.</param>
    public StreamOperation(Func<SocketAsyncEventArgs, bool> start, Look? look)
        : base(true)
    {
        _start = start;
        _look = look;
        // It holds nothing of the system's but on Windows, and nobody disposes of the stream.
        GC.SuppressFinalize(this);
    }

    /// <summary>Looks at what has been read.</summary>
    /// <param name="state">The caller's.</param>
    /// <param name="buffer">The buffer, whole.</param>
    /// <param name="bytes">How many bytes at its front are new; 0 at the end of the connection.</param>
    /// <returns>How many bytes to report; −1 to go on with the same buffer.</returns>
    public delegate int Look(object? state, Span<byte> buffer, int bytes);

    /// <summary>
    /// Begins one. Null while another is under way, and for a caller without a callback, which will want to wait.
    /// </summary>
    public StreamResult? TryBegin(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state)
    {
        if (callback is null)
            return null;
        var result = new StreamResult(callback, state);
        if (Interlocked.CompareExchange(ref _current, result, null) is not null)
            return null;
        SetBuffer(buffer, offset, count);
        Start(result, isSynchronous: true);
        return result;
    }

    /// <summary>Completes a read that needs no socket.</summary>
    public static StreamResult CompleteRead(int bytes, AsyncCallback? callback, object? state)
    {
        var result = new StreamResult(callback, state);
        result.Complete(hasSucceeded: true, bytes, isSynchronous: !_isInReadCallback);
        CallBackFromRead(result);
        return result;
    }

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        var result = _current!;
        if (!TryFinish(result, isSynchronous: false))
            Start(result, isSynchronous: false);
    }

    private void Start(StreamResult result, bool isSynchronous)
    {
        do
        {
            try
            {
                if (_start(this))
                    return;
            }
            catch (ObjectDisposedException)
            {
                // The listener, or the guard, has closed the socket.
                Finish(result, hasSucceeded: false, 0, isSynchronous);
                return;
            }
            catch
            {
                // A bug of the caller's, or no memory in the kernel: nothing is under way.
                Volatile.Write(ref _current, null);
                throw;
            }
        }
        while (!TryFinish(result, isSynchronous));
    }

    private bool TryFinish(StreamResult result, bool isSynchronous)
    {
        var hasSucceeded = SocketError == SocketError.Success;
        var bytes = hasSucceeded ? BytesTransferred : 0;
        if (_look is not null && (bytes = _look(result.AsyncState, Buffer.AsSpan(Offset, Count), bytes)) < 0)
            return false;
        Finish(result, hasSucceeded, bytes, isSynchronous);
        return true;
    }

    private void Finish(StreamResult result, bool hasSucceeded, int bytes, bool isSynchronous)
    {
        // A buffer would be kept for as long as the connection is idle.
        SetBuffer(null, 0, 0);
        Volatile.Write(ref _current, null);
        var isRead = _look is not null;
        result.Complete(hasSucceeded, bytes, isSynchronous && !(isRead && _isInReadCallback));
        if (isRead)
            CallBackFromRead(result);
        else
            result.CallBack();
    }

    private static void CallBackFromRead(StreamResult result)
    {
        if (_isInReadCallback)
        {
            ThreadPool.UnsafeQueueUserWorkItem(CallBackFromRead, result, preferLocal: true);
            return;
        }

        _isInReadCallback = true;
        try
        {
            result.CallBack();
        }
        finally
        {
            _isInReadCallback = false;
        }
    }
}

/// <summary>One read or write.</summary>
internal sealed class StreamResult(AsyncCallback? callback, object? state) : IAsyncResult
{
    private volatile bool _isCompleted;

    public object? AsyncState => state;

    public WaitHandle AsyncWaitHandle => throw new NotSupportedException("Pass a callback instead of waiting.");

    public bool CompletedSynchronously { get; private set; }

    public bool IsCompleted => _isCompleted;

    public bool HasSucceeded { get; private set; }

    public int Bytes { get; private set; }

    public void Complete(bool hasSucceeded, int bytes, bool isSynchronous)
    {
        HasSucceeded = hasSucceeded;
        Bytes = bytes;
        CompletedSynchronously = isSynchronous;
        _isCompleted = true;
    }

    public void CallBack() => callback?.Invoke(this);
}
