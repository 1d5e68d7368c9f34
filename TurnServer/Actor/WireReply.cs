using TurnServer.Protocol;

namespace TurnServer.Actor;

/// <summary>A reply as it is sent, with what a transport has to know about it.</summary>
/// <param name="Body">The reply's bytes. They may be shared and must not be written to.</param>
/// <param name="Error">Decides the HTTP status.</param>
public readonly record struct WireReply(byte[] Body, ErrorCode Error)
{
    /// <summary>What a successful reply says, for the metrics; meaningless when there is an error.</summary>
    public ReplyCode Code { get; init; }

    /// <summary>What the request asked for; null when it could not be parsed.</summary>
    public Symbol? Symbol { get; init; }

    /// <summary>Whether the reply was held until there was news or the time was up.</summary>
    public bool WasHeld { get; init; }

    /// <summary>The longest that a held reply might have been held, in seconds.</summary>
    public int AppliedWaitSeconds { get; init; }

    /// <summary>See <see cref="Reply.TurnCounter"/>.</summary>
    public long? TurnCounter { get; init; }

    /// <summary>See <see cref="Reply.Totals"/>.</summary>
    public TurnTotals? Totals { get; init; }

    /// <summary>See <see cref="Reply.PartnerSilentSeconds"/>.</summary>
    public int? PartnerSilentSeconds { get; init; }

    /// <summary>
    /// Whether this is a <see cref="ErrorCode.ServerBusy"/> because requests come in faster than they are handled. The
    /// others mean that the request cannot be recorded or that the actor has failed.
    /// </summary>
    public bool IsOverload { get; init; }

    /// <summary>Whether the client is told to repeat the request after a second (PROTOCOL.md, "Reply").</summary>
    public bool AsksToRetry => Error is ErrorCode.RateLimited or ErrorCode.ServerBusy;

    /// <summary>A reply that was not held.</summary>
    public static WireReply Of(in Reply reply) =>
        new(ReplyWriter.ToBytes(reply), reply.Error)
        {
            Code = reply.Code,
            TurnCounter = reply.TurnCounter,
            Totals = reply.Totals,
            PartnerSilentSeconds = reply.PartnerSilentSeconds,
        };
}
