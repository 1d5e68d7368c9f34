using System.Net;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>Says whom a request comes from.</summary>
internal static class PeerAddress
{
    /// <summary>
    /// The peer's address; behind a trusted proxy on this machine the last address of <c>X-Forwarded-For</c>, which is
    /// the one that the proxy itself saw, or where that is no address the proxy's, as one that limits apply to. Null
    /// when the peer is not known.
    /// </summary>
    public static ClientAddress? Of(HttpListenerRequest request, bool trustProxy)
    {
        if (request.RemoteEndPoint is not { } peer)
            return null;
        var address = ClientAddress.Of(peer.Address);
        return trustProxy && address.IsLoopback && request.Headers[ForwardedForHeader.Name] is { } forwarded
            ? ForwardedForHeader.LastAddress(forwarded) ?? address.AsProxy()
            : address;
    }
}
