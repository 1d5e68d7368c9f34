using System.Net;

namespace TurnServer.Http;

/// <summary>The settings of the HTTP front end.</summary>
public sealed record HttpOptions
{
    /// <summary>The TCP port, 1 to 65535.</summary>
    public int Port { get; init; } = 80;

    /// <summary>The IPv4 address to listen on; null means all addresses of this machine.</summary>
    public IPAddress? Host { get; init; }

    /// <summary>The longest that a request's head, and then its body, may take to arrive.</summary>
    public TimeSpan BodyTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// After how much silence of a WebSocket's client it is sent a ping. The default is below the 30 to 60 s after
    /// which mobile networks and proxies drop an idle connection.
    /// </summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The longest that a reply is held, in seconds; 0 means that none is held.</summary>
    public int WaitSecondsMax { get; init; } = 25;

    /// <summary>
    /// The limit on requests per second and address, loopback excepted, with bursts of two seconds' worth; 0 means no
    /// limit. Two players at 5 turns a second make 20: 1000 is a full school behind one address.
    /// </summary>
    public int RequestsPerSecond { get; init; } = 1000;

    /// <summary>
    /// The limit on open connections; null means what the descriptor limit allows (<see cref="ConnectionLimit"/>).
    /// </summary>
    public int? ConnectionsMax { get; init; }

    /// <summary>Connections to keep free for purposes other than players.</summary>
    public int OtherConnections { get; init; }

    /// <summary>
    /// The limit on open connections from one address, loopback excepted; 0 means no limit. The 256 players that one
    /// address may register hold at most two each, one to wait and one to send, and twice that while they change
    /// networks.
    /// </summary>
    public int ConnectionsPerAddressMax { get; init; } = 1024;

    /// <summary>The origin whose pages may read replies; <c>*</c> means any.</summary>
    public string CorsOrigin { get; init; } = "*";

    /// <summary>Whether loopback peers are reverse proxies whose <c>X-Forwarded-For</c> names the client.</summary>
    public bool TrustProxy { get; init; }

    /// <summary>Whether a word game for two is served at <c>/demo</c>.</summary>
    public bool ServesDemo { get; init; }

    /// <summary>The longest that the server waits for requests in progress when it stops.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
