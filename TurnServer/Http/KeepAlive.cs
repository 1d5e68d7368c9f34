using System.Globalization;
using System.Net;

namespace TurnServer.Http;

/// <summary>Whether a connection stays open after a reply, and the header that tells the client for how long.</summary>
internal static class KeepAlive
{
    /// <summary>The listener closes an idle connection after this many seconds.</summary>
    private const int IdleSeconds = 15;

    /// <summary>The listener closes a connection after this many replies.</summary>
    private const int RepliesMax = 100;

    // Created once: nearly every reply has this header.
    private static readonly string[] Values =
    [
        .. Enumerable.Range(0, RepliesMax).Select(replies =>
            string.Create(CultureInfo.InvariantCulture, $"timeout={IdleSeconds}, max={RepliesMax - replies}")),
    ];

    /// <summary>
    /// Whether request and status leave the connection open. Connection is a list of options (RFC 9112, 9.3); the
    /// listener searches it, and Proxy-Connection, for a substring, and closes by that too.
    /// </summary>
    public static bool IsAllowed(HttpListenerRequest request, int status)
    {
        // The listener closes the connection after these.
        if (status is 400 or 408 or 411 or 413 or 414 or 500 or 503 || !request.KeepAlive)
            return false;
        var options = request.Headers["Connection"];
        return request.ProtocolVersion >= HttpVersion.Version11
            ? !HeaderList.Has(options, "close")
            : HeaderList.Has(options, "keep-alive") && !HeaderList.Has(options, "close");
    }

    /// <summary>
    /// The value of Keep-Alive, which lets a client close an idle connection before the server does so with a request
    /// in transit. Null when it is not known, or when the connection closes.
    /// </summary>
    public static string? HeaderFor(HttpListenerContext context)
    {
        if (!ListenerInternals.Available)
            return null;
        var replies = ListenerInternals.ReusesOf(ListenerInternals.ConnectionOf(context));
        return replies < RepliesMax ? Values[replies] : null;
    }
}
