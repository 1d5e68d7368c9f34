using System.Net.Sockets;

namespace TurnServer.Http;

/// <summary>
/// A connection's stream on which the listener's reads and writes fail softly: that a client is gone is its own
/// business, and must cost the others nothing.
/// </summary>
/// <remarks>
/// <para>
/// The usual stream makes an exception of each connection that is reset, with its stack trace in words: a third of a
/// millisecond, so that a few thousand a second keep two cores busy.
/// </para>
/// <para>
/// A callback of the listener's that throws would end the process: when a client stops reading until the send buffer is
/// full and then sends garbage, the callback of the error page closes what is closed already (dotnet/runtime#71364).
/// Compiled ahead of time the runtime asks no handler of unhandled exceptions about those of continuations, so that
/// <see cref="ListenerFaults"/> alone does not do.
/// </para>
/// </remarks>
internal sealed class CarefulStream : NetworkStream
{
    private readonly Transfer _reading;
    private readonly Transfer _writing;

    /// <param name="socket">The listener's: it closes it itself.</param>
    public CarefulStream(Socket socket)
        : base(socket, ownsSocket: false)
    {
        _reading = new Transfer(socket.ReceiveAsync);
        _writing = new Transfer(socket.SendAsync);
    }

    /// <summary>Whether something that was written did not go out, as the client was gone. It stays so.</summary>
    public bool HasLostWrite { get; private set; }

    /// <summary>As ever, but that a connection which is broken ends as one that was closed in order: with 0 bytes.</summary>
    public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? callback,
        object? state) =>
        _reading.TryBegin(buffer, offset, count, callback, state)
        ?? base.BeginRead(buffer, offset, count, callback, state);

    public override int EndRead(IAsyncResult asyncResult) =>
        asyncResult is Transferred read ? read.Bytes : base.EndRead(asyncResult);

    /// <summary>As ever, but that what cannot be written shows in <see cref="HasLostWrite"/> alone.</summary>
    public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback,
        object? state)
    {
        AsyncCallback? softly = callback is null ? null : result => Call(callback, result);
        return _writing.TryBegin(buffer, offset, count, softly, state)
            ?? base.BeginWrite(buffer, offset, count, softly, state);
    }

    public override void EndWrite(IAsyncResult asyncResult)
    {
        if (asyncResult is not Transferred written)
            base.EndWrite(asyncResult);
        else if (!written.HasSucceeded)
            HasLostWrite = true;
    }

    /// <summary>The same in step, as the listener does with 100 Continue and its pages of errors.</summary>
    public override void Write(byte[] buffer, int offset, int count)
    {
        try
        {
            Socket.Send(buffer, offset, count, SocketFlags.None, out var error);
            HasLostWrite |= error != SocketError.Success;
        }
        catch (ObjectDisposedException)
        {
            HasLostWrite = true;
        }
    }

    private static void Call(AsyncCallback callback, IAsyncResult result)
    {
        try
        {
            callback(result);
        }
        catch (ObjectDisposedException e) when (ListenerFaults.IsHeldBack(e))
        {
            // Logged by the filter.
        }
    }

    /// <summary>The reads, or the writes, of one connection: one at a time, without an exception.</summary>
    private sealed class Transfer : SocketAsyncEventArgs
    {
        private readonly Func<SocketAsyncEventArgs, bool> _start;
        private Transferred? _current;

        /// <param name="start">Has the socket do it; false when it is done already.</param>
        public Transfer(Func<SocketAsyncEventArgs, bool> start)
            : base(true)
        {
            _start = start;
            // It holds nothing of the system's but on Windows, and nobody disposes of the stream.
            GC.SuppressFinalize(this);
        }

        /// <summary>
        /// Begins one. Null while another is under way, and for a caller without a callback, which will want to wait.
        /// </summary>
        public Transferred? TryBegin(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state)
        {
            if (callback is null)
                return null;
            var transferred = new Transferred(callback, state);
            if (Interlocked.CompareExchange(ref _current, transferred, null) is not null)
                return null;
            bool isPending;
            try
            {
                SetBuffer(buffer, offset, count);
                isPending = _start(this);
            }
            catch (ObjectDisposedException)
            {
                // The listener, or the guard, has closed it.
                Finish(transferred, hasSucceeded: false, isSynchronous: true);
                return transferred;
            }
            catch
            {
                // A bug of the caller's, or no memory in the kernel: nothing is under way.
                Volatile.Write(ref _current, null);
                throw;
            }

            if (!isPending)
                Finish(transferred, SocketError == SocketError.Success, isSynchronous: true);
            return transferred;
        }

        protected override void OnCompleted(SocketAsyncEventArgs e) =>
            Finish(_current!, SocketError == SocketError.Success, isSynchronous: false);

        private void Finish(Transferred transferred, bool hasSucceeded, bool isSynchronous)
        {
            var bytes = hasSucceeded ? BytesTransferred : 0;
            // A buffer would be kept for as long as the connection is idle.
            SetBuffer(null, 0, 0);
            Volatile.Write(ref _current, null);
            transferred.Complete(hasSucceeded, bytes, isSynchronous);
        }
    }

    /// <summary>One read or write.</summary>
    private sealed class Transferred(AsyncCallback callback, object? state) : IAsyncResult
    {
        private volatile bool _isCompleted;

        public object? AsyncState => state;

        public WaitHandle AsyncWaitHandle =>
            throw new NotSupportedException("Who gives a callback waits for it.");

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
            callback(this);
        }
    }
}
