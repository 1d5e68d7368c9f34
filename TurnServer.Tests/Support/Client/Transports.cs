namespace TurnServer.Tests.Support;

/// <summary>The schemes of a server's URL: a client goes over HTTP, or over a WebSocket.</summary>
internal static class Transports
{
    public const string Http = "http";

    public const string WebSocket = "ws";

    /// <summary>The same server by another transport.</summary>
    public static Uri Over(this Uri url, string scheme) => new UriBuilder(url) { Scheme = scheme }.Uri;
}
