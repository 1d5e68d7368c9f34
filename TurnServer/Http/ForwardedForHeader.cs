using System.Net;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>Parses <c>X-Forwarded-For</c>, in which a reverse proxy passes on the client's address.</summary>
public static class ForwardedForHeader
{
    /// <summary>The header's name.</summary>
    public const string Name = "X-Forwarded-For";

    /// <summary>
    /// The last address of the list, which is the one that the nearest proxy saw; the client may have made up those
    /// before it. Null when it is not an address, such as <c>unknown</c> or an obfuscated name (RFC 7239, 6).
    /// </summary>
    public static ClientAddress? LastAddress(ReadOnlySpan<char> header)
    {
        var last = header[(header.LastIndexOf(',') + 1)..].Trim();
        if (last is ['"', .. var quoted, '"'])
            last = quoted.Trim();
        // Some proxies append the port. A bare number is not an address, though .NET parses 5 as 0.0.0.5.
        return (last.Contains(':') || last.Count('.') == 3) && IPEndPoint.TryParse(last, out var client)
            ? ClientAddress.Of(client.Address)
            : null;
    }
}
