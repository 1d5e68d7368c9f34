namespace TurnServer.Http;

/// <summary>How much of everything the HTTP side has at one moment, and has had since the start.</summary>
public sealed record HttpStatistics
{
    /// <summary>Requests that are being answered, held ones included.</summary>
    public required int UnderWay { get; init; }

    /// <summary>Open connections; null where the listener does not show them.</summary>
    public required int? Connections { get; init; }

    /// <summary>The most connections that may be open.</summary>
    public required int ConnectionsMax { get; init; }

    /// <summary>Connections closed since the start because a request's head was too slow or too long.</summary>
    public required long SlowHeads { get; init; }

    /// <summary>Connections closed since the start because there were too many.</summary>
    public required long ConnectionsShed { get; init; }

    /// <summary>How often accepting failed since the start, and was tried again.</summary>
    public required long AcceptFailures { get; init; }
}
