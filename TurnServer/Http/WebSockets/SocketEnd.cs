using System.Net.WebSockets;

namespace TurnServer.Http.WebSockets;

/// <summary>Why a WebSocket ended.</summary>
public enum SocketEnd
{
    /// <summary>The client closed it.</summary>
    Client,

    /// <summary>The connection was lost.</summary>
    Lost,

    /// <summary>The client did not answer pings.</summary>
    Silent,

    /// <summary>A message was not complete in time, or the client did not read a reply in time.</summary>
    Slow,

    /// <summary>The client broke RFC 6455: frames, masks, UTF-8.</summary>
    Malformed,

    /// <summary>More control frames or small fragments than <see cref="FrameGuard"/> allows.</summary>
    Flooding,

    /// <summary>A message did not begin with a tag.</summary>
    WithoutTag,

    /// <summary>A message was binary.</summary>
    Binary,

    /// <summary>A message was so long that it could not be answered.</summary>
    TooLong,

    /// <summary>
    /// The server of the cluster that had a request was lost: whether it took the request is unknown, and there is no
    /// reply.
    /// </summary>
    UnknownOutcome,

    /// <summary>A bug in the server; it is in the log.</summary>
    Failed,

    /// <summary>The server stopped.</summary>
    Stopping,
}

/// <summary>What a close frame says of each end that the server chooses (RFC 6455, 7.4.1).</summary>
internal static class SocketEnds
{
    private const WebSocketCloseStatus GoingAway = WebSocketCloseStatus.EndpointUnavailable;

    /// <summary>Status and reason.</summary>
    public static (WebSocketCloseStatus Status, string Reason) Describe(SocketEnd end) => end switch
    {
        SocketEnd.Binary => (WebSocketCloseStatus.InvalidMessageType, "send text messages"),
        SocketEnd.Flooding => (WebSocketCloseStatus.PolicyViolation, "too many control frames or small fragments"),
        SocketEnd.Malformed => (WebSocketCloseStatus.ProtocolError, "a frame without a mask"),
        SocketEnd.TooLong => (WebSocketCloseStatus.MessageTooBig, "message too long"),
        SocketEnd.WithoutTag => (WebSocketCloseStatus.PolicyViolation,
            "a message is TAG LINE or TAG;wait=SECONDS LINE, such as: 1 0,Ann,*,*,*"),
        SocketEnd.Stopping => (GoingAway, "the server is stopping"),
        _ => (WebSocketCloseStatus.NormalClosure, ""),
    };
}
