using TurnServer.Protocol;

namespace TurnServer.Cluster.Link;

/// <summary>Times and sizes of a link between two servers. Both ends rely on them; they are not configurable.</summary>
internal static class LinkLimits
{
    /// <summary>
    /// How long a connection may take to present its token. The client sends it at once, so that this is a round trip
    /// on a slow day; who connects by mistake is not kept for long.
    /// </summary>
    public static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long connecting and the handshake may take at the client. Players wait meanwhile, and the aim is that games
    /// go on 5 s after the death of a machine.
    /// </summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The most connections that have not presented their token yet; more are closed at once. All other servers of a
    /// cluster may connect at the same time, as after an outage. Each takes a socket and a kilobyte.
    /// </summary>
    public const int HandshakesMax = 64;

    /// <summary>
    /// The most authenticated connections, and the backlog of the listener. A cluster may have 64 servers, each with
    /// one connection, and one more while a lost one is not yet noticed.
    /// </summary>
    public const int PeersMax = 256;

    /// <summary>The longest payload of a frame before authentication, in bytes.</summary>
    public const int HandshakeBytesMax = 1024;

    /// <summary>The longest token and the longest id, in bytes of UTF-8: both fit into the first frame.</summary>
    public const int HandshakeTextBytesMax = 256;

    /// <summary>
    /// The most requests of one connection whose answer is still to be sent; the server then stops reading. As many as
    /// players of one standby can have held replies. It also bounds the client's queue.
    /// </summary>
    public const int RequestsInFlightMax = 65_536;

    /// <summary>A side that has sent nothing for this long sends a ping.</summary>
    public static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A side that has received nothing for this long closes the connection: three pings have failed to come. As long
    /// as the lease of a registration (<see cref="IClusterMembers.Lifetime"/>).
    /// </summary>
    public static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(3);

    /// <summary>How often both are checked, so that they are late by at most this.</summary>
    public static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>For how long a server that stops goes on sending answers that were ready before.</summary>
    public static readonly TimeSpan FinishTimeout = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The longest payload of a request, in bytes: a body of <see cref="ProtocolLimits.BodyBytesMax"/>, and a header or
    /// query that comes from a head of at most 32 KiB, of which escaping a query can make six times as much.
    /// </summary>
    public const int RequestBytesMax = ProtocolLimits.BodyBytesMax + 6 * 32 * 1024 + 1024;

    /// <summary>The longest payload of an answer, in bytes: a full backlog and some fields.</summary>
    public const int AnswerBytesMax = ProtocolLimits.BacklogBytesMax + 1024;

    /// <summary>
    /// Once this many bytes are ready, they are written before more frames are taken from the queue. Larger writes save
    /// little, and requests that were taken cannot be said to be untouched if the connection breaks.
    /// </summary>
    public const int WriteBytesMax = 64 * 1024;

    /// <summary>The initial size of the read buffer; it grows with the longest frame.</summary>
    public const int ReadBufferBytes = 64 * 1024;
}
