using TurnServer.Http;
using TurnServer.Protocol;

namespace TurnServer.Admin.Status;

/// <summary>What of the HTTP side the status page looks at; read in one place.</summary>
internal sealed record HttpCounts
{
    /// <summary>Requests since the start, of whatever kind.</summary>
    public required long Requests { get; init; }

    /// <summary>Requests that are being answered, held ones included.</summary>
    public required int UnderWay { get; init; }

    /// <summary>Open connections, about; null where the listener does not show them.</summary>
    public required int? Connections { get; init; }

    /// <summary>Replies since the start that were refusals, at the index of each <see cref="ErrorCode"/>.</summary>
    public required IReadOnlyList<long> RefusalsByCode { get; init; }

    /// <summary>Replies to POSTs since the start that were not held.</summary>
    public required long Served { get; init; }

    /// <summary>The time that those took inside the server, from the body's arrival until the reply was made.</summary>
    public required TimeSpan ServedTime { get; init; }

    public static HttpCounts Of(HttpFront front, HttpMeters meters)
    {
        var figures = front.Count();
        var (served, servedTime) = meters.Served;
        return new HttpCounts
        {
            Requests = front.Taken,
            UnderWay = figures.UnderWay,
            Connections = figures.Connections,
            RefusalsByCode = meters.ErrorsByCode(),
            Served = served,
            ServedTime = servedTime,
        };
    }
}
