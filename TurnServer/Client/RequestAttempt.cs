using System.Net;
using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>What has come of sending a request once.</summary>
/// <param name="Reply">The server's reply; null if none came that is one.</param>
/// <param name="Fault">What the player is told if no further attempt is made; null when the request was taken.</param>
/// <param name="Loss">Why there is no reply; null when there is.</param>
/// <param name="IsFinal">Whether to repeat the request is of no use.</param>
/// <param name="RetryAfter">How long the server asks to wait before.</param>
internal readonly record struct RequestAttempt(ServerReply? Reply, TurnFault? Fault, string? Loss, bool IsFinal,
    TimeSpan RetryAfter)
{
    private const int ErrorStatusMin = 500;

    // The server asks for a second with 503 and 429; do not wait for hours because a proxy says so.
    private static readonly TimeSpan RetryAfterMax = TimeSpan.FromSeconds(5);

    /// <summary>A reply has come.</summary>
    /// <param name="reply">The reply.</param>
    /// <param name="symbol">The request's symbol.</param>
    /// <param name="retryAfter">What the server asks for with 22 and 23.</param>
    public static RequestAttempt Answered(in ServerReply reply, Symbol symbol, TimeSpan retryAfter)
    {
        if (reply.Error == ErrorCode.None)
        {
            return ServerReply.Answers(reply.Code, symbol)
                ? new RequestAttempt(reply, null, null, true, default)
                : NotTurnServer($"it answers {reply.Code} to {symbol}");
        }

        var isPostponed = reply.Error is ErrorCode.RateLimited or ErrorCode.ServerBusy;
        return new RequestAttempt(reply, TurnFault.Of(reply.Error, reply.Detail), null, !isPostponed,
            !isPostponed ? default : retryAfter < RetryAfterMax ? retryAfter : RetryAfterMax);
    }

    /// <summary>No reply has come: the request is repeated.</summary>
    public static RequestAttempt Lost(string why) =>
        new(null, new TurnFault(TurnFaultKind.Unreachable, $"the server cannot be reached: {why}"), why, false,
            default);

    /// <summary>Something else has answered.</summary>
    public static RequestAttempt NotTurnServer(string why) =>
        new(null, new TurnFault(TurnFaultKind.NotTurnServer, $"this is not a turn server: {why}"), why, true,
            default);

    /// <summary>
    /// Whether this status comes from a proxy whose server is down for a moment, or that limits this address's rate.
    /// </summary>
    public static bool IsTransient(HttpStatusCode status) =>
        (int)status >= ErrorStatusMin && status != HttpStatusCode.NotImplemented
        || status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests;

    /// <summary>Why there was no answer, as a message without a full stop.</summary>
    public static string Reason(Exception e) => e.GetBaseException().Message.TrimEnd('.');
}
