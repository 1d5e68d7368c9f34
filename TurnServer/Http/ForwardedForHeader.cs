using System.Net;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>Reads <c>X-Forwarded-For</c>, in which a reverse proxy names the client that it speaks for.</summary>
public static class ForwardedForHeader
{
    /// <summary>The header's name.</summary>
    public const string Name = "X-Forwarded-For";

    /// <summary>
    /// The last address of the list, which the nearest proxy saw itself; those before it are the client's claims. Null
    /// if it is not an address, such as <c>unknown</c> or an obfuscated identifier (RFC 7239, 6).
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
