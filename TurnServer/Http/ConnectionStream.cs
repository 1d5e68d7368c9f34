using System.Diagnostics;
using System.Net.Sockets;

namespace TurnServer.Http;

/// <summary>
/// A connection's stream, between the listener and the socket. It passes on request heads once they are complete,
/// limits their length, and reports a reset as end of stream.
/// </summary>
/// <remarks>
/// <para>
/// The listener limits neither the length of a head nor the time it takes, and misreads some heads (<see
/// cref="RequestHead"/>).
/// </para>
/// <para>
/// An exception for each reset costs a third of a millisecond, with its stack trace: a few thousand resets a second
/// would keep two cores busy.
/// </para>
/// <para>
/// A callback of the listener that throws would end the process: when a client stops reading until the send buffer is
/// full and then sends garbage, the callback of the error page closes what is already closed (dotnet/runtime#71364).
/// Under NativeAOT the handler of unhandled exceptions (<see cref="ListenerExceptions"/>) is not called for it.
/// </para>
/// </remarks>
internal sealed class ConnectionStream : NetworkStream
{
    private readonly object? _connection;
    private readonly Action? _headTooLong;
    private readonly StreamOperation _reading;
    private readonly StreamOperation _writing;
    private long _headSince = Stopwatch.GetTimestamp();
    private HeadBuffer? _head;

    // What the listener gets before anything else is read, and how much of that belongs to a head.
    private ReadOnlyMemory<byte> _pending;
    private int _pendingHeadBytes;
    private bool _ownsSocket;

    /// <param name="socket">Closed by the listener, unless <see cref="OwnSocket"/> is called.</param>
    /// <param name="connection">
    /// The listener's connection object: it is the state argument of reads of a head, and of no others.
    /// </param>
    /// <param name="headTooLong">Called when a head is refused for its length.</param>
    public ConnectionStream(Socket socket, object? connection = null, Action? headTooLong = null)
        : base(socket, ownsSocket: false)
    {
        _connection = connection;
        _headTooLong = headTooLong;
        _reading = new StreamOperation(socket.ReceiveAsync, FilterRead);
        _writing = new StreamOperation(socket.SendAsync, filter: null);
    }

    /// <summary>Whether a write was lost because the connection was broken. Stays true.</summary>
    public bool HasLostWrite { get; private set; }

    /// <summary>
    /// Since when a head is awaited, as a <see cref="Stopwatch"/> timestamp: the start of the connection, or the first
    /// byte of a later head; 0 while none is. Any thread may read it.
    /// </summary>
    public long HeadSince => Volatile.Read(ref _headSince);

    /// <summary>
    /// Has the socket closed together with the stream. To be called once the connection is a WebSocket, which knows
    /// only its stream.
    /// </summary>
    public void OwnSocket() => _ownsSocket = true;

    /// <summary>Reads; reports a reset as end of stream, with 0 bytes.</summary>
    public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? callback,
        object? state)
    {
        var into = buffer.AsSpan(offset, count);
        while (!_pending.IsEmpty)
        {
            var bytes = TakePending(into);
            if (IsHead(state))
                bytes = _pendingHeadBytes > 0 ? PassOn(bytes) : CollectHead(into, bytes);
            if (bytes >= 0)
                return StreamOperation.CompleteRead(bytes, callback, state);
        }

        return _reading.TryBegin(buffer, offset, count, callback, state)
            ?? base.BeginRead(buffer, offset, count, callback, state);
    }

    public override int EndRead(IAsyncResult asyncResult) =>
        asyncResult is StreamResult read ? read.Bytes : base.EndRead(asyncResult);

    public override int Read(byte[] buffer, int offset, int count) =>
        _pending.IsEmpty ? base.Read(buffer, offset, count) : TakePending(buffer.AsSpan(offset, count));

    /// <summary>Writes; a failure only sets <see cref="HasLostWrite"/>.</summary>
    public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback,
        object? state)
    {
        AsyncCallback? guarded = callback is null ? null : result => CallBack(callback, result);
        return _writing.TryBegin(buffer, offset, count, guarded, state)
            ?? base.BeginWrite(buffer, offset, count, guarded, state);
    }

    public override void EndWrite(IAsyncResult asyncResult)
    {
        if (asyncResult is not StreamResult written)
            base.EndWrite(asyncResult);
        else if (!written.HasSucceeded)
            HasLostWrite = true;
    }

    /// <summary>The synchronous write, which the listener uses for 100 Continue.</summary>
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

    protected override void Dispose(bool disposing)
    {
        if (disposing && _ownsSocket)
            Socket.Dispose();
        base.Dispose(disposing);
    }

    private static void CallBack(AsyncCallback callback, IAsyncResult result)
    {
        try
        {
            callback(result);
        }
        catch (ObjectDisposedException e) when (ListenerExceptions.IsSuppressed(e))
        {
            // Logged by the filter.
        }
    }

    private int FilterRead(object? state, Span<byte> into, int received) =>
        IsHead(state) ? CollectHead(into, received) : received;

    private bool IsHead(object? state) => _connection is not null && ReferenceEquals(state, _connection);

    private int TakePending(Span<byte> into)
    {
        var bytes = Math.Min(into.Length, _pending.Length);
        _pending.Span[..bytes].CopyTo(into);
        _pending = bytes == _pending.Length ? default : _pending[bytes..];
        return bytes;
    }

    // Takes what was received of a head. Returns how many bytes of the buffer the listener gets: 0 at the end of the
    // connection, −1 while the head is incomplete.
    private int CollectHead(Span<byte> into, int received)
    {
        if (received == 0)
        {
            _head = null;
            return 0;
        }

        if (_headSince == 0)
            Volatile.Write(ref _headSince, Stopwatch.GetTimestamp());
        var bytes = into[..received];
        var length = _head is null ? default(HeadEndFinder).Find(bytes) : -1;
        if (length >= 0 && RequestHead.IsPlain(bytes[..length]))
            return PassOn(received);
        _head ??= new HeadBuffer();
        var isWhole = _head.Append(bytes);
        if (!isWhole && !_head.IsTooLong)
        {
            // The listener does this itself when it reads the first bytes, which it has not got yet.
            ListenerInternals.StopIdleTimer(_connection!);
            return -1;
        }

        if (_head.IsTooLong)
            _headTooLong?.Invoke();
        (_pending, _pendingHeadBytes) = _head.Complete();
        _head = null;
        return PassOn(TakePending(into));
    }

    private int PassOn(int bytes)
    {
        _pendingHeadBytes = Math.Max(0, _pendingHeadBytes - bytes);
        if (_pendingHeadBytes == 0)
            Volatile.Write(ref _headSince, 0);
        return bytes;
    }
}
