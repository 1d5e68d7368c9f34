using System.Net;

namespace TurnServer.Admin;

/// <summary>Where the admin port listens.</summary>
public sealed record AdminOptions
{
    /// <summary>The TCP port, 1 to 65535; 0: it does not listen.</summary>
    public int Port { get; init; }

    /// <summary>
    /// The IPv4 address to listen on; null: all of this machine's. There is no password: anyone who can reach the port
    /// sees players' names and addresses.
    /// </summary>
    public IPAddress? Host { get; init; } = IPAddress.Loopback;

    /// <summary>Whether it listens at all.</summary>
    public bool IsOn => Port != 0;
}
