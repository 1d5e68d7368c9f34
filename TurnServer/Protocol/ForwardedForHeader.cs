using System.Net;

namespace TurnServer.Protocol;

/// <summary>Reads the header <c>X-Forwarded-For</c>, in which a reverse proxy says whom it speaks for.</summary>
public static class ForwardedForHeader
{
    /// <summary>The header's name.</summary>
    public const string Name = "X-Forwarded-For";

    /// <summary>
    /// The last address of the list, which is the one that the nearest proxy itself saw; those before it are what the
    /// client says. Null when it is no address, such as <c>unknown</c> or a name that hides one (RFC 7239, 6).
    /// </summary>
    public static ClientAddress? LastAddress(ReadOnlySpan<char> header)
    {
        var last = header[(header.LastIndexOf(',') + 1)..].Trim();
        if (last is ['"', .. var quoted, '"'])
            last = quoted.Trim();
        // Some proxies write the port too. A number is no address, though .NET takes 5 for 0.0.0.5.
        return (last.Contains(':') || last.Count('.') == 3) && IPEndPoint.TryParse(last, out var client)
            ? ClientAddress.Of(client.Address)
            : null;
    }
}
