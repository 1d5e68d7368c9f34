using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace TurnServer.Http;

/// <summary>
/// The private parts of .NET's managed HttpListener that we reach for, each beside the defect that it mends. As of .NET
/// 10.0.12. If a later runtime has changed them, <see cref="Check"/> names what is missing and the server does without.
/// </summary>
internal static class ListenerInternals
{
    private const string Connection = "System.Net.HttpConnection, System.Net.HttpListener";
    private const string EndPoint = "System.Net.HttpEndPointListener, System.Net.HttpListener";
    private const string EndPointTable = "System.Net.HttpEndPointManager, System.Net.HttpListener";
    private const string Prefix = "System.Net.ListenerPrefix, System.Net.HttpListener";
    private const string RequestStream = "System.Net.HttpRequestStream, System.Net.HttpListener";
    private const string ChunkedStream = "System.Net.ChunkedInputStream, System.Net.HttpListener";
    private const string Decoder = "System.Net.ChunkStream, System.Net.HttpListener";
    private const BindingFlags Hidden = BindingFlags.NonPublic | BindingFlags.Instance;

    /// <summary>Whether the parts are there; set once, by <see cref="Check"/>, before the server listens.</summary>
    public static bool Available { get; private set; }

    /// <summary>
    /// Tries every part on a listener that has just handed out this context, which must be of a chunked request. Returns
    /// what is missing, or null.
    /// </summary>
    public static string? Check(HttpListener listener, HttpListenerContext context)
    {
        try
        {
            var connection = ConnectionOf(context);
            _ = SocketOf(connection)?.Connected;
            _ = ReusesOf(connection);
            var endPoint = FindEndPoint(((IPEndPoint)context.Request.LocalEndPoint).Port)
                ?? throw new MissingFieldException("HttpEndPointManager.s_ipEndPoints");
            _ = ListeningSocketOf(endPoint).IsBound;
            _ = FreshConnections(endPoint).Count;
            _ = BufferOf(connection)?.Length;
            _ = StreamOf(connection).CanWrite;
            StopIdleTimer(connection);
            PrepareNew(endPoint, _ => true, () => { });
            _ = KeptConnections(listener).Count;
            AnswerEveryHost(endPoint, listener);
            _ = BufferedBytesOf(context.Request.InputStream);
            _ = LacksChunks(context.Request.InputStream);
            UnregisterContext(listener, context);
            RemoveConnection(listener, connection);
            Available = true;
            return null;
        }
        catch (Exception e) when (e is MissingMemberException or TypeLoadException or InvalidCastException
            or NotSupportedException or NullReferenceException or BadImageFormatException)
        {
            return e.Message;
        }
    }

    /// <summary>
    /// Takes a context off the listener's books. A POST without a length, and a transfer coding other than chunked, is
    /// answered by the listener itself, which then delivers the dead context all the same and keeps it, 13 KB each
    /// (dotnet/runtime#63543).
    /// </summary>
    public static void Forget(HttpListener listener, HttpListenerContext context)
    {
        UnregisterContext(listener, context);
        // One that was closed before it was entered would be counted for ever; one still closing takes itself out.
        var connection = ConnectionOf(context);
        if (SocketOf(connection) is null)
            RemoveConnection(listener, connection);
    }

    /// <summary>
    /// The connections that have not yet sent a whole request head: to be locked while it is read. Nothing else bounds
    /// how long a head takes or how many such connections there are.
    /// </summary>
    public static IReadOnlyCollection<object> FreshConnections(object endPoint) =>
        (IReadOnlyCollection<object>)Get(
        Type.GetType(EndPoint)?.GetField("_unregisteredConnections", Hidden), "_unregisteredConnections", endPoint);

    /// <summary>
    /// Closes each new connection that is not admitted, and gives the others a <see cref="CarefulStream"/>. Nothing
    /// else can keep the listener from accepting until the process has no file descriptor left, which the runtime does
    /// not survive. The set of fresh connections asks its comparer for a hash before it adds one: that is where this is
    /// done.
    /// </summary>
    /// <param name="endPoint">Where connections come in.</param>
    /// <param name="admits">Called by the accepting thread for each connection; must be quick and not throw.</param>
    /// <param name="headTooLong">Called for each request's head that is refused for its length.</param>
    [DynamicDependency("_comparer", typeof(HashSet<>))]
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "The field is kept by the dependency.")]
    public static void PrepareNew(object endPoint, Func<Socket, bool> admits, Action headTooLong)
    {
        var fresh = FreshConnections(endPoint);
        var comparer = fresh.GetType().GetField("_comparer", Hidden)
            ?? throw new MissingFieldException("HashSet._comparer");
        lock (fresh)
            comparer.SetValue(fresh, new Doorkeeper(admits, headTooLong));
    }

    /// <summary>The connections that have sent a request: to be locked while it is read.</summary>
    public static IDictionary KeptConnections(HttpListener listener) =>
        (IDictionary)Get(typeof(HttpListener).GetField("_connections", Hidden), "_connections", listener);

    /// <summary>What listens on a port; null when nothing of this process does.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2075",
        Justification = "The type is named in full and kept by its use.")]
    public static object? FindEndPoint(int port)
    {
        var byAddress = (IDictionary)Get(Type.GetType(EndPointTable)?.GetField("s_ipEndPoints",
            BindingFlags.NonPublic | BindingFlags.Static), "s_ipEndPoints", null);
        lock (byAddress)
        {
            foreach (IDictionary byPort in byAddress.Values)
            {
                if (byPort[port] is { } endPoint)
                    return endPoint;
            }
        }

        return null;
    }

    /// <summary>
    /// Makes an endpoint bound to one address answer every Host. A listener given a concrete address answers 404 to all
    /// requests whose Host is not that address, such as those a reverse proxy passes on.
    /// </summary>
    public static void AnswerEveryHost(object endPoint, HttpListener listener)
    {
        var port = ((IPEndPoint)ListeningSocketOf(endPoint).LocalEndPoint!).Port;
        AddPrefix(endPoint, NewPrefix($"http://+:{port}/"), listener);
    }

    /// <summary>The connection that a context came in on.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Connection")]
    [return: UnsafeAccessorType(Connection)]
    public static extern object ConnectionOf(HttpListenerContext context);

    /// <summary>The socket of a connection; null once it is closed. Disposing it ends a head that never ends.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_socket")]
    public static extern ref Socket? SocketOf([UnsafeAccessorType(Connection)] object connection);

    /// <summary>How many requests the connection has carried before this one.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_reuses")]
    public static extern ref int ReusesOf([UnsafeAccessorType(Connection)] object connection);

    /// <summary>
    /// The listening socket. Closing it is the only way to stop accepting without an empty 200 to everyone.
    /// </summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_socket")]
    public static extern ref Socket ListeningSocketOf([UnsafeAccessorType(EndPoint)] object endPoint);

    /// <summary>
    /// How much of a body has come in with the head. An asynchronous read of it costs a hop through the thread pool; a
    /// synchronous one does not, and cannot block.
    /// </summary>
    public static int BufferedBytesOf(Stream requestBody) => BufferedLengthOf(requestBody);

    /// <summary>The stream that <see cref="PrepareNew"/> has given a connection; null for an older one.</summary>
    public static CarefulStream? CarefulStreamOf(object connection) => StreamOf(connection) as CarefulStream;

    /// <summary>
    /// Stops the timer that closes an idle connection. The listener does so when it is given the first bytes of a
    /// head; it is not before the whole head has come.
    /// </summary>
    public static void StopIdleTimer(object connection) =>
        TimerOf(connection).Change(Timeout.Infinite, Timeout.Infinite);

    /// <summary>
    /// Whether a chunked body that has been read to its end has none: the listener takes the end of the connection for
    /// that of the body.
    /// </summary>
    public static bool LacksChunks(Stream requestBody) =>
        WantsMore(Get(Type.GetType(ChunkedStream)?.GetField("_decoder", Hidden), "_decoder", requestBody));

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_WantMore")]
    private static extern bool WantsMore([UnsafeAccessorType(Decoder)] object decoder);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_length")]
    private static extern ref int BufferedLengthOf([UnsafeAccessorType(RequestStream)] object requestBody);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "UnregisterContext")]
    private static extern void UnregisterContext(HttpListener listener, HttpListenerContext context);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "RemoveConnection")]
    private static extern void RemoveConnection(HttpListener listener,
        [UnsafeAccessorType(Connection)] object connection);

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    [return: UnsafeAccessorType(Prefix)]
    private static extern object NewPrefix(string prefix);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "AddPrefix")]
    private static extern void AddPrefix([UnsafeAccessorType(EndPoint)] object endPoint,
        [UnsafeAccessorType(Prefix)] object prefix, HttpListener listener);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_timer")]
    private static extern ref Timer TimerOf([UnsafeAccessorType(Connection)] object connection);

    // What the listener reads from and writes to.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_stream")]
    private static extern ref Stream StreamOf([UnsafeAccessorType(Connection)] object connection);

    // Null until the connection is first read from.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_buffer")]
    private static extern ref byte[]? BufferOf([UnsafeAccessorType(Connection)] object connection);

    private static object Get(FieldInfo? field, string name, object? of) =>
        field?.GetValue(of) ?? throw new MissingFieldException(name);

    // Hashes as the set did before, so that connections which are in it already are found.
    private sealed class Doorkeeper(Func<Socket, bool> admits, Action headTooLong) : IEqualityComparer<object>
    {
        bool IEqualityComparer<object>.Equals(object? x, object? y) => ReferenceEquals(x, y);

        int IEqualityComparer<object>.GetHashCode(object connection)
        {
            if (BufferOf(connection) is null && SocketOf(connection) is { } socket)
                Receive(connection, socket);
            return RuntimeHelpers.GetHashCode(connection);
        }

        private void Receive(object connection, Socket socket)
        {
            if (!admits(socket) || !socket.Connected)
            {
                socket.Dispose();
                return;
            }

            // Nothing has been read or written yet. The old one does not own the socket: it stays open.
            ref var stream = ref StreamOf(connection);
            stream.Dispose();
            stream = new CarefulStream(socket, connection, headTooLong);
        }
    }
}
