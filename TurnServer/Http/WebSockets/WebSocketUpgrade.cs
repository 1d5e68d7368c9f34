using System.Net;
using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Http.WebSockets;

/// <summary>Tells requests for a WebSocket, and which of them are refused (PROTOCOL.md, "Over a WebSocket").</summary>
internal static class WebSocketUpgrade
{
    /// <summary>The only version that there is (RFC 6455).</summary>
    public const string Version = "13";

    private const int KeyBytes = 16;

    /// <summary>Whether a request wants a WebSocket. Any other Upgrade is ignored (RFC 9110, 7.8).</summary>
    public static bool IsWanted(HttpListenerRequest request) =>
        request.Headers["Upgrade"] is { } upgrade && HeaderList.Has(upgrade, "websocket");

    /// <summary>Why a request that wants a WebSocket does not get one; null: it does (RFC 6455, 4.2.1).</summary>
    /// <param name="request">A GET of the path <c>/</c>.</param>
    /// <param name="corsOrigin">The origin whose pages may play; <c>*</c> means any.</param>
    public static UpgradeRefusal? Check(HttpListenerRequest request, string corsOrigin)
    {
        var headers = request.Headers;
        if (request.ProtocolVersion < HttpVersion.Version11)
            return UpgradeRefusal.BadRequest("a WebSocket requires HTTP/1.1");
        if (!HeaderList.Has(headers["Connection"], "upgrade"))
        {
            return UpgradeRefusal.BadRequest("a WebSocket requires the header Connection: Upgrade; a proxy in front "
                + "must pass it on");
        }

        if (headers["Sec-WebSocket-Version"]?.Trim() != Version)
            return UpgradeRefusal.WrongVersion;
        if (!IsKey(headers["Sec-WebSocket-Key"]))
            return UpgradeRefusal.BadRequest("Sec-WebSocket-Key must be 16 bytes in Base64");
        if (!HeaderList.Has(headers["Sec-WebSocket-Protocol"], SocketRequest.Subprotocol, StringComparison.Ordinal))
        {
            return UpgradeRefusal.BadRequest(
                $"this server speaks the subprotocol {SocketRequest.Subprotocol}; send Sec-WebSocket-Protocol: "
                + SocketRequest.Subprotocol);
        }

        var origin = headers["Origin"];
        if (corsOrigin != "*" && origin is not null && !origin.Equals(corsOrigin, StringComparison.Ordinal))
            return UpgradeRefusal.WrongOrigin;
        return null;
    }

    private static bool IsKey(string? key)
    {
        Span<byte> bytes = stackalloc byte[KeyBytes + 2];
        return key is not null && Convert.TryFromBase64String(key, bytes, out var length) && length == KeyBytes;
    }
}

/// <summary>Why a request does not get its WebSocket.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Reason">For a person who reads the reply.</param>
internal sealed record UpgradeRefusal(int Status, string Reason)
{
    /// <summary>Only one version is spoken; the reply has to name it (RFC 6455, 4.2.2).</summary>
    public static readonly UpgradeRefusal WrongVersion = new(426, "Sec-WebSocket-Version must be 13");

    /// <summary>See --cors-origin.</summary>
    public static readonly UpgradeRefusal WrongOrigin = new(403, "pages of this origin may not play here");

    /// <summary>See --connections-per-address, which the guard applies to the peer and not behind a proxy.</summary>
    public static readonly UpgradeRefusal TooMany = new(429, "too many WebSockets from this address");

    /// <summary>The server is about to stop.</summary>
    public static readonly UpgradeRefusal Stopping = new(503, "the server is stopping");

    /// <summary>A request that does not conform to RFC 6455 or PROTOCOL.md.</summary>
    public static UpgradeRefusal BadRequest(string reason) => new(400, reason);

    /// <summary>The body of the reply.</summary>
    public byte[] Body => Encoding.UTF8.GetBytes(Reason);
}
