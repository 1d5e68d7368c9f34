using System.Globalization;
using System.Net;

namespace TurnServer.Http;

/// <summary>Whether a connection is kept after a reply, and what its client is told about that.</summary>
internal static class Persistence
{
    /// <summary>The listener closes a kept connection after so many seconds without a request.</summary>
    private const int IdleSeconds = 15;

    /// <summary>The listener closes a connection with the reply after so many.</summary>
    private const int RepliesMax = 100;

    // Made once: they are a header of nearly every reply.
    private static readonly string[] KeepAlive =
    [
        .. Enumerable.Range(0, RepliesMax).Select(replies =>
            string.Create(CultureInfo.InvariantCulture, $"timeout={IdleSeconds}, max={RepliesMax - replies}")),
    ];

    /// <summary>
    /// Whether the client and the status leave the connection open. The header Connection is a list of options (RFC
    /// 9112, 9.3); the listener looks for a word anywhere in it, or in Proxy-Connection, and closes by that too.
    /// </summary>
    public static bool IsWanted(HttpListenerRequest request, int status)
    {
        // With these the listener closes it.
        if (status is 400 or 408 or 411 or 413 or 414 or 500 or 503 || !request.KeepAlive)
            return false;
        var options = request.Headers["Connection"];
        return request.ProtocolVersion >= HttpVersion.Version11
            ? !HasOption(options, "close")
            : HasOption(options, "keep-alive") && !HasOption(options, "close");
    }

    /// <summary>
    /// The value of Keep-Alive, by which a client can close an idle connection before the server does with a request on
    /// its way. Null when that is not known, or the connection closes.
    /// </summary>
    public static string? KeepAliveFor(HttpListenerContext context)
    {
        if (!ListenerInternals.Available)
            return null;
        var replies = ListenerInternals.ReusesOf(ListenerInternals.ConnectionOf(context));
        return replies < RepliesMax ? KeepAlive[replies] : null;
    }

    private static bool HasOption(ReadOnlySpan<char> list, ReadOnlySpan<char> option)
    {
        foreach (var range in list.Split(','))
        {
            if (list[range].Trim().Equals(option, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }
}
