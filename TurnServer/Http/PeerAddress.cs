using System.Net;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>Finds the client's address of a request.</summary>
internal static class PeerAddress
{
    /// <summary>
    /// The peer's address, or behind a trusted proxy on this machine the last address of <c>X-Forwarded-For</c>, which
    /// is the one that the proxy saw. Where that is not an address, it is the proxy's, with limits applied to it. Null
    /// when the peer is unknown.
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
