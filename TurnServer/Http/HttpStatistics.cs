using TurnServer.Http.WebSockets;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>What the HTTP front holds at one moment and has done since the start.</summary>
public sealed record HttpStatistics
{
    /// <summary>Requests since the start, of any kind.</summary>
    public required long Requests { get; init; }

    /// <summary>Requests in progress, held ones included.</summary>
    public required int UnderWay { get; init; }

    /// <summary>Open connections; null where the listener does not show them.</summary>
    public required int? Connections { get; init; }

    /// <summary>The most connections that may be open.</summary>
    public required int ConnectionsMax { get; init; }

    /// <summary>Connections closed since the start because a request's head was too slow or too long.</summary>
    public required long SlowHeads { get; init; }

    /// <summary>Connections closed since the start because there were too many.</summary>
    public required long ConnectionsShed { get; init; }

    /// <summary>Failures to accept a request since the start; each was retried.</summary>
    public required long AcceptFailures { get; init; }

    /// <summary>Error replies since the start, at the index of each <see cref="ErrorCode"/>.</summary>
    public required IReadOnlyList<long> ErrorsByCode { get; init; }

    /// <summary>The WebSockets; their requests are counted above too.</summary>
    public required WebSocketStatistics WebSockets { get; init; }

    /// <summary>Replies to players' requests since the start that were not held.</summary>
    public required long Served { get; init; }

    /// <summary>The time that those took inside the server, from the body's arrival to the reply.</summary>
    public required TimeSpan ServedTime { get; init; }
}
