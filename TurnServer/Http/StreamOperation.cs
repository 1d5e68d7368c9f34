using System.Net.Sockets;

namespace TurnServer.Http;

/// <summary>
/// The reads, or the writes, of one connection: one at a time, and without an exception when the connection is broken.
/// </summary>
internal sealed class StreamOperation : SocketAsyncEventArgs
{
    // A read's callback begins the next read, which completes and calls back synchronously when its data has already
    // arrived. Without this flag the recursion would be as deep as the client sends.
    [ThreadStatic]
    private static bool _isInReadCallback;

    private readonly Func<SocketAsyncEventArgs, bool> _start;
    private readonly Filter? _filter;
    private StreamResult? _current;

    /// <param name="start">Starts the operation on the socket; false when it completed synchronously.</param>
    /// <param name="filter">Filters what has been read; null for writes.</param>
    public StreamOperation(Func<SocketAsyncEventArgs, bool> start, Filter? filter)
        : base(true)
    {
        _start = start;
        _filter = filter;
        // Holds no system resources except on Windows, and the stream is never disposed.
        GC.SuppressFinalize(this);
    }

    /// <summary>Filters what has been read.</summary>
    /// <param name="state">The caller's state argument.</param>
    /// <param name="buffer">The whole buffer of the read.</param>
    /// <param name="bytes">How many bytes at its start were read; 0 at the end of the connection.</param>
    /// <returns>How many bytes to report; −1 to read on into the same buffer.</returns>
    public delegate int Filter(object? state, Span<byte> buffer, int bytes);

    /// <summary>
    /// Begins an operation. Null while another one is pending, and without a callback, as that caller would block.
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

    /// <summary>Completes a read that is served from memory.</summary>
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
                // The listener or the guard has closed the socket.
                Finish(result, hasSucceeded: false, 0, isSynchronous);
                return;
            }
            catch
            {
                // A bug in the caller, or the kernel is out of memory: nothing is pending.
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
        if (_filter is not null && (bytes = _filter(result.AsyncState, Buffer.AsSpan(Offset, Count), bytes)) < 0)
            return false;
        Finish(result, hasSucceeded, bytes, isSynchronous);
        return true;
    }

    private void Finish(StreamResult result, bool hasSucceeded, int bytes, bool isSynchronous)
    {
        // Otherwise an idle connection would keep the buffer alive.
        SetBuffer(null, 0, 0);
        Volatile.Write(ref _current, null);
        var isRead = _filter is not null;
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

/// <summary>The result of one read or write.</summary>
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
