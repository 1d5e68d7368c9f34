using System.Net;
using System.Net.Sockets;

namespace TurnServer.Http;

/// <summary>Tells what the listener throws because of its client from what is a bug.</summary>
internal static class ClientFault
{
    /// <summary>
    /// Whether the exception means that the client has left, closed early or sent malformed chunks. The listener has
    /// many ways to say so, among them disposed objects when a connection is closed under a read or write.
    /// </summary>
    public static bool Is(Exception e) =>
        e is HttpListenerException or IOException or SocketException or ObjectDisposedException
            or ProtocolViolationException
        || (e is InvalidOperationException or NullReferenceException && IsListeners(e));

    // A property of a context whose connection has just been closed by the other side.
    private static bool IsListeners(Exception e) =>
        e.StackTrace?.Split('\n')[0].Contains("System.Net.Http", StringComparison.Ordinal) ?? false;
}
