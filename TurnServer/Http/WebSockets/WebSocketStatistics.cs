namespace TurnServer.Http.WebSockets;

/// <summary>The WebSockets at one moment, and what has come of them since the start.</summary>
public sealed record WebSocketStatistics
{
    /// <summary>How many are open. Each is one of the open connections too.</summary>
    public required int Open { get; init; }

    /// <summary>Upgrades accepted since the start.</summary>
    public required long Accepted { get; init; }

    /// <summary>Upgrades refused since the start.</summary>
    public required long Refused { get; init; }

    /// <summary>Requests since the start that came over a WebSocket.</summary>
    public required long Messages { get; init; }

    /// <summary>How many have ended since the start, at the index of each <see cref="SocketEnd"/>.</summary>
    public required IReadOnlyList<long> EndsByCause { get; init; }
}
