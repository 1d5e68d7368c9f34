using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace TurnServer.Http;

/// <summary>
/// The private members of .NET's managed HttpListener that the server uses, each with the defect that it works around;
/// as of .NET 10.0.12. If a later runtime has changed them, <see cref="Check"/> names what is missing and the server
/// runs without the workarounds. And one of its sockets, which only makes WebSockets faster.
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

    /// <summary>
    /// Whether all members of the listener exist; set once, by <see cref="Check"/>, before the server listens.
    /// </summary>
    public static bool Available { get; private set; }

    /// <summary>Whether <see cref="CompleteInline"/> exists; set like <see cref="Available"/>.</summary>
    public static bool CanCompleteInline { get; private set; }

    /// <summary>
    /// Tries every member on a listener that has just delivered this context, which must be of a chunked request.
    /// Returns what is missing, or null.
    /// </summary>
    public static string? Check(HttpListener listener, HttpListenerContext context)
    {
        try
        {
            var connection = ConnectionOf(context);
            var socket = SocketOf(connection) ?? throw new MissingFieldException("HttpConnection._socket");
            _ = ReusesOf(connection);
            var endPoint = FindEndPoint(((IPEndPoint)context.Request.LocalEndPoint).Port)
                ?? throw new MissingFieldException("HttpEndPointManager.s_ipEndPoints");
            _ = ListeningSocketOf(endPoint).IsBound;
            _ = UnregisteredConnections(endPoint).Count;
            _ = BufferOf(connection)?.Length;
            _ = HasUnreadBytes(connection);
            _ = StreamOf(connection).CanWrite;
            StopIdleTimer(connection);
            AcceptHook.Install(endPoint, _ => true, () => { });
            _ = RegisteredConnections(listener).Count;
            AnswerEveryHost(endPoint, listener);
            _ = BufferedBytesOf(context.Request.InputStream);
            _ = LacksChunks(context.Request.InputStream);
            UnregisterContext(listener, context);
            RemoveConnection(listener, connection);
            Available = true;
            // Last: without it nothing else is missing.
            CompleteInline(socket, false);
            CanCompleteInline = true;
            return null;
        }
        catch (Exception e) when (e is MissingMemberException or TypeLoadException or InvalidCastException
            or NotSupportedException or NullReferenceException or BadImageFormatException)
        {
            return e.Message;
        }
    }

    /// <summary>
    /// Unregisters a context that the listener has answered itself: a POST without a length, or with a transfer coding
    /// other than chunked. The listener delivers such a context anyway and never frees it, 13 KB each
    /// (dotnet/runtime#63543).
    /// </summary>
    public static void Unregister(HttpListener listener, HttpListenerContext context)
    {
        UnregisterContext(listener, context);
        // A connection that was closed before it was registered would be counted forever; one that is still closing
        // removes itself.
        var connection = ConnectionOf(context);
        if (SocketOf(connection) is null)
            RemoveConnection(listener, connection);
    }

    /// <summary>
    /// Closes the connection of a WebSocket and unregisters it and its context, which the listener knows nothing of any
    /// more: it would count the connection forever.
    /// </summary>
    public static void CloseUpgraded(HttpListener listener, HttpListenerContext context)
    {
        ref var socket = ref SocketOf(ConnectionOf(context));
        socket?.Dispose();
        socket = null;
        Unregister(listener, context);
    }

    /// <summary>
    /// Whether more than the head of the current request has been read. The listener drops that when the request is
    /// upgraded to a WebSocket.
    /// </summary>
    public static bool HasUnreadBytes(object connection) =>
        ReadBytesOf(connection) is { } bytes && bytes.Length > PositionOf(connection);

    /// <summary>
    /// The connections that have not yet sent a complete request head; to be locked while it is read. The listener
    /// limits neither how long a head takes nor how many such connections there are.
    /// </summary>
    public static IReadOnlyCollection<object> UnregisteredConnections(object endPoint) =>
        (IReadOnlyCollection<object>)Get(
            Type.GetType(EndPoint)?.GetField("_unregisteredConnections", Hidden), "_unregisteredConnections", endPoint);

    /// <summary>The connections that have sent a request; to be locked while it is read.</summary>
    public static IDictionary RegisteredConnections(HttpListener listener) =>
        (IDictionary)Get(typeof(HttpListener).GetField("_connections", Hidden), "_connections", listener);

    /// <summary>The endpoint that listens on a port; null when no listener of this process does.</summary>
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
    /// Makes an endpoint that is bound to one address answer every Host. The listener answers 404 to requests whose
    /// Host is not that address, such as those that a reverse proxy forwards.
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

    /// <summary>
    /// The socket of a connection; null once it is closed. Disposing it closes a connection whose head never ends.
    /// </summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_socket")]
    public static extern ref Socket? SocketOf([UnsafeAccessorType(Connection)] object connection);

    /// <summary>How many requests the connection has carried before this one.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_reuses")]
    public static extern ref int ReusesOf([UnsafeAccessorType(Connection)] object connection);

    /// <summary>The stream that the listener reads from and writes to.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_stream")]
    public static extern ref Stream StreamOf([UnsafeAccessorType(Connection)] object connection);

    /// <summary>The listener's read buffer of 8 KiB; null until it first reads from the connection.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_buffer")]
    public static extern ref byte[]? BufferOf([UnsafeAccessorType(Connection)] object connection);

    /// <summary>
    /// The listening socket. Closing it is the only way to stop accepting without sending an empty 200 on every
    /// connection.
    /// </summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_socket")]
    public static extern ref Socket ListeningSocketOf([UnsafeAccessorType(EndPoint)] object endPoint);

    /// <summary>
    /// How much of a body arrived with the head. Reading that asynchronously costs a thread-pool hop; a synchronous
    /// read does not, and cannot block.
    /// </summary>
    public static int BufferedBytesOf(Stream requestBody) => BufferedLengthOf(requestBody);

    /// <summary>The stream that <see cref="AcceptHook"/> gave a connection; null for an older one.</summary>
    public static ConnectionStream? ConnectionStreamOf(object connection) => StreamOf(connection) as ConnectionStream;

    /// <summary>
    /// Stops the timer that closes an idle connection. The listener does so when it reads the first bytes of a head,
    /// which <see cref="ConnectionStream"/> withholds until the head is complete.
    /// </summary>
    public static void StopIdleTimer(object connection) =>
        TimerOf(connection).Change(Timeout.Infinite, Timeout.Infinite);

    /// <summary>
    /// Whether a chunked body that has been read to its end lacks its last chunk: the listener takes the end of the
    /// connection for the end of the body.
    /// </summary>
    public static bool LacksChunks(Stream requestBody) =>
        WantsMore(Get(Type.GetType(ChunkedStream)?.GetField("_decoder", Hidden), "_decoder", requestBody));

    /// <summary>
    /// Whether reads and writes of a socket complete on the thread that waits for its events, also those that are
    /// pending. To hand each to the thread pool costs a WebSocket a third of its CPU time. Whatever then runs on that
    /// thread must not block: other connections would wait.
    /// </summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_PreferInlineCompletions")]
    public static extern void CompleteInline(Socket socket, bool isInline);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_memoryStream")]
    private static extern ref MemoryStream? ReadBytesOf([UnsafeAccessorType(Connection)] object connection);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_position")]
    private static extern ref int PositionOf([UnsafeAccessorType(Connection)] object connection);

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

    private static object Get(FieldInfo? field, string name, object? of) =>
        field?.GetValue(of) ?? throw new MissingFieldException(name);
}
