using System.Globalization;
using System.Net;

namespace TurnServer.Cluster.Link;

/// <summary>Parses the addresses at which servers reach each other.</summary>
internal static class LinkAddress
{
    /// <summary>
    /// Parses <c>HOST:PORT</c>, where the host is a name, an IPv4 address, or an IPv6 address in brackets. Null if it
    /// is none of them.
    /// </summary>
    public static EndPoint? Parse(string address)
    {
        var colon = address.LastIndexOf(':');
        var digits = address.AsSpan(colon + 1);
        if (colon <= 0 || !ushort.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            return null;
        if (port == 0)
            return null;
        var host = address[..colon];
        if (IPAddress.TryParse(host, out var ip) && (host[0] == '[' || !host.Contains(':')))
            return new IPEndPoint(ip, port);
        return Uri.CheckHostName(host) == UriHostNameType.Dns ? new DnsEndPoint(host, port) : null;
    }
}
