namespace TurnServer.Protocol;

/// <summary>The one place that says which HTTP status goes with which reply (PROTOCOL.md, "Reply").</summary>
public static class HttpStatus
{
    /// <summary>
    /// The status of a reply: 200, or 429 for RateLimited, 503 for ServerBusy and 400 for every other error.
    /// </summary>
    public static int Of(ErrorCode error) => error switch
    {
        ErrorCode.None => 200,
        ErrorCode.RateLimited => 429,
        ErrorCode.ServerBusy => 503,
        _ => 400,
    };
}
