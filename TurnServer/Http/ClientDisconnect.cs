using System.Net;
using System.Net.Sockets;

namespace TurnServer.Http;

/// <summary>Tells exceptions that a client caused from bugs.</summary>
internal static class ClientDisconnect
{
    /// <summary>
    /// Whether the client left, closed early or sent malformed chunks. The listener reports that in many ways, among
    /// them disposed objects when a connection is closed during a read or write.
    /// </summary>
    public static bool Caused(Exception e) =>
        e is HttpListenerException or IOException or SocketException or ObjectDisposedException
            or ProtocolViolationException
        || (e is InvalidOperationException or NullReferenceException && IsFromListener(e));

    // A property of a context whose connection the client has just closed.
    private static bool IsFromListener(Exception e) =>
        e.StackTrace?.Split('\n')[0].Contains("System.Net.Http", StringComparison.Ordinal) ?? false;
}
