using System.Diagnostics;
using System.Net.Sockets;

namespace TurnServer.Http;

/// <summary>
/// A connection's stream, between the listener and the socket. It hands a request's head on when the whole of it has
/// come, bounds its length, and reports a broken connection without an exception.
/// </summary>
/// <remarks>
/// <para>
/// The listener bounds neither the length of a head nor the time it takes, and reads some heads wrongly (<see
/// cref="RequestHead"/>).
/// </para>
/// <para>
/// An exception for each connection that is reset costs a third of a millisecond, with its stack trace: a few thousand
/// resets a second would keep two cores busy.
/// </para>
/// <para>
/// A callback of the listener's that throws would end the process: when a client stops reading until the send buffer is
/// full and then sends garbage, the callback of the error page closes what is closed already (dotnet/runtime#71364).
/// With NativeAOT the handler of unhandled exceptions (<see cref="ListenerExceptions"/>) is not asked about it.
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

    // What the listener is to be given before anything else is read, and how much of it is of a head.
    private ReadOnlyMemory<byte> _pending;
    private int _pendingHeadBytes;

    /// <param name="socket">The listener's, which closes it itself.</param>
    /// <param name="connection">
    /// The listener's connection, which is the state of its reads of a head, and of no others.
    /// </param>
    /// <param name="headTooLong">Called when a head is refused for its length.</param>
    public ConnectionStream(Socket socket, object? connection = null, Action? headTooLong = null)
        : base(socket, ownsSocket: false)
    {
        _connection = connection;
        _headTooLong = headTooLong;
        _reading = new StreamOperation(socket.ReceiveAsync, LookAtRead);
        _writing = new StreamOperation(socket.SendAsync, look: null);
    }

    /// <summary>Whether something that was written was not sent, as the connection was broken. It stays true.</summary>
    public bool HasLostWrite { get; private set; }

    /// <summary>
    /// Since when a head is awaited, as a <see cref="Stopwatch"/> timestamp: the connection's start, or the first byte
    /// of a later head. 0 while none is. Any thread may ask.
    /// </summary>
    public long HeadSince => Volatile.Read(ref _headSince);

    /// <summary>Reads; a broken connection reads as one that was closed in order, with 0 bytes.</summary>
    public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? callback,
        object? state)
    {
        var into = buffer.AsSpan(offset, count);
        while (!_pending.IsEmpty)
        {
            var bytes = TakePending(into);
            if (IsHead(state))
                bytes = _pendingHeadBytes > 0 ? HandOut(bytes) : TakeHead(into, bytes);
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

    /// <summary>Writes; what cannot be written shows in <see cref="HasLostWrite"/> alone.</summary>
    public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback,
        object? state)
    {
        AsyncCallback? guarded = callback is null ? null : result => Call(callback, result);
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

    private static void Call(AsyncCallback callback, IAsyncResult result)
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

    private int LookAtRead(object? state, Span<byte> into, int received) =>
        IsHead(state) ? TakeHead(into, received) : received;

    private bool IsHead(object? state) => _connection is not null && ReferenceEquals(state, _connection);

    private int TakePending(Span<byte> into)
    {
        var bytes = Math.Min(into.Length, _pending.Length);
        _pending.Span[..bytes].CopyTo(into);
        _pending = bytes == _pending.Length ? default : _pending[bytes..];
        return bytes;
    }

    // Looks at what has been received where the listener reads a head. Returns how much of that it is to find there: 0
    // at the end of the connection, −1 while more must be received.
    private int TakeHead(Span<byte> into, int received)
    {
        if (received == 0)
        {
            _head = null;
            return 0;
        }

        if (_headSince == 0)
            Volatile.Write(ref _headSince, Stopwatch.GetTimestamp());
        var bytes = into[..received];
        var length = _head is null ? default(HeadEnd).Find(bytes) : -1;
        if (length >= 0 && RequestHead.IsPlain(bytes[..length]))
            return HandOut(received);
        _head ??= new HeadBuffer();
        var isWhole = _head.Append(bytes);
        if (!isWhole && !_head.IsTooLong)
        {
            // The listener stops it when it has read something.
            ListenerInternals.StopIdleTimer(_connection!);
            return -1;
        }

        if (_head.IsTooLong)
            _headTooLong?.Invoke();
        (_pending, _pendingHeadBytes) = _head.Complete();
        _head = null;
        return HandOut(TakePending(into));
    }

    private int HandOut(int bytes)
    {
        _pendingHeadBytes = Math.Max(0, _pendingHeadBytes - bytes);
        if (_pendingHeadBytes == 0)
            Volatile.Write(ref _headSince, 0);
        return bytes;
    }
}
