using System.Net;
using System.Net.WebSockets;

namespace TurnServer.Client;

/// <summary>Explains why a WebSocket could not be opened.</summary>
internal static class SocketRefusal
{
    /// <summary>Explains an exception of ConnectAsync.</summary>
    public static RequestAttempt Explain(WebSocketException e, ClientWebSocket socket, Uri url)
    {
        var status = socket.HttpStatusCode;
        if (e.InnerException is HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse })
            return RequestAttempt.NotTurnServer("its answer is not HTTP");
        // Not final: a server that goes down during the handshake looks the same.
        if (e.InnerException is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError })
            return RequestAttempt.Lost($"no TLS, as wss:// asks for: {RequestAttempt.Reason(e)}");
        if (status == default)
            return RequestAttempt.Lost(RequestAttempt.Reason(e));
        if (status == HttpStatusCode.SwitchingProtocols)
        {
            return e.WebSocketErrorCode == WebSocketError.UnsupportedProtocol
                ? WithoutSubprotocol(url)
                : RequestAttempt.NotTurnServer($"its answer opens no WebSocket: {RequestAttempt.Reason(e)}");
        }

        using var standard = new HttpResponseMessage(status);
        var answer = $"{(int)status} {standard.ReasonPhrase}";
        if (RequestAttempt.IsTransient(status))
            return RequestAttempt.Lost($"the answer was {answer}");
        return RequestAttempt.NotTurnServer(
            socket.HttpResponseHeaders?.TryGetValue("Location", out var location) == true
                ? $"it redirects to {string.Join(", ", location)}"
                : $"it answers {answer} and opens no WebSocket; an older server, or one behind a proxy that lets none "
                    + $"through, can be reached with {ServerUrl.ToHttp(url).Scheme}://");
    }

    /// <summary>The server has opened a WebSocket for something else.</summary>
    public static RequestAttempt WithoutSubprotocol(Uri url) =>
        RequestAttempt.NotTurnServer($"its WebSocket at {url.AbsolutePath} is not one for turns");
}
