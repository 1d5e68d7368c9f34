using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace TurnServer.Http;

/// <summary>
/// Runs for each connection between accept and its first read: closes those that are not admitted and gives the others
/// a <see cref="ConnectionStream"/>. HttpListener has no such hook, and without one it accepts until the process has no
/// file descriptors left, which the runtime does not survive.
/// </summary>
/// <remarks>
/// The listener's set of unregistered connections calls its comparer before it adds one, so that a comparer is a hook:
/// <code>
/// HttpEndPointListener.ProcessAccept(socket)       on the accepting thread
///     connection = new HttpConnection(socket)      has a stream, no buffer
///     _unregisteredConnections.Add(connection)     a HashSet
///         AcceptHook.GetHashCode(connection)       closes the socket or replaces the stream
///     connection.BeginReadRequest()                allocates the buffer; reads from the stream that it finds
/// </code>
/// Later calls, to find or remove a connection, see its buffer and only hash.
/// </remarks>
internal sealed class AcceptHook : IEqualityComparer<object>
{
    private readonly Func<Socket, bool> _admits;
    private readonly Action _headTooLong;

    private AcceptHook(Func<Socket, bool> admits, Action headTooLong)
    {
        _admits = admits;
        _headTooLong = headTooLong;
    }

    /// <summary>Hooks into an endpoint, for all connections that it accepts from now on.</summary>
    /// <param name="endPoint">The listener's endpoint.</param>
    /// <param name="admits">Called on the accepting thread for each connection; must be quick and not throw.</param>
    /// <param name="headTooLong">Called for each request whose head is refused for its length.</param>
    [DynamicDependency("_comparer", typeof(HashSet<>))]
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "The field is kept by the dependency.")]
    public static void Install(object endPoint, Func<Socket, bool> admits, Action headTooLong)
    {
        var unregistered = ListenerInternals.UnregisteredConnections(endPoint);
        var comparer = unregistered.GetType().GetField("_comparer", BindingFlags.NonPublic | BindingFlags.Instance)
            ?? throw new MissingFieldException("HashSet._comparer");
        lock (unregistered)
            comparer.SetValue(unregistered, new AcceptHook(admits, headTooLong));
    }

    bool IEqualityComparer<object>.Equals(object? x, object? y) => ReferenceEquals(x, y);

    int IEqualityComparer<object>.GetHashCode(object connection)
    {
        if (ListenerInternals.BufferOf(connection) is null && ListenerInternals.SocketOf(connection) is { } socket)
            OnAccepted(connection, socket);
        // As the set hashed before, so that it finds the connections that it already has.
        return RuntimeHelpers.GetHashCode(connection);
    }

    private void OnAccepted(object connection, Socket socket)
    {
        if (!_admits(socket) || !socket.Connected)
        {
            socket.Dispose();
            return;
        }

        // Not used yet, and not the owner of the socket, which stays open.
        ref var stream = ref ListenerInternals.StreamOf(connection);
        stream.Dispose();
        stream = new ConnectionStream(socket, connection, _headTooLong);
    }
}
