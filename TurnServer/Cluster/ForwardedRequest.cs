using TurnServer.Actor;
using TurnServer.Protocol;

namespace TurnServer.Cluster;

/// <summary>A player's request on its way from the server that received it to the one that owns the shard.</summary>
/// <param name="Body">The body of a POST, or, if <paramref name="IsWaitingQuery"/>, the query of the URL.</param>
/// <param name="Received">The value of <c>Turn-Received</c>; null: none.</param>
/// <param name="WaitSeconds">How long the client is willing to wait for news; 0: not at all.</param>
/// <param name="From">The client's address.</param>
/// <param name="IsWaitingQuery">Whether it is a <c>GET /waiting</c>.</param>
internal readonly record struct ForwardedRequest(ReadOnlyMemory<byte> Body, string? Received, int WaitSeconds,
    ClientAddress From, bool IsWaitingQuery);

/// <summary>How a server that was asked to handle a request fared.</summary>
internal enum ForwardOutcome : byte
{
    /// <summary>There is a reply.</summary>
    Replied = 0,

    /// <summary>It does not own the shard, and has done nothing.</summary>
    NotTaken = 1,

    /// <summary>
    /// It lost the shard, or the connection, meanwhile: the request may or may not have been applied.
    /// </summary>
    Unknown = 2,
}

/// <summary>The answer to a forwarded request.</summary>
/// <param name="Outcome">Whether there is a reply.</param>
/// <param name="Reply">The reply; meaningless unless there is one.</param>
internal readonly record struct ForwardAnswer(ForwardOutcome Outcome, WireReply Reply)
{
    public static readonly ForwardAnswer NotTaken = new(ForwardOutcome.NotTaken, default);

    public static readonly ForwardAnswer Unknown = new(ForwardOutcome.Unknown, default);

    public static ForwardAnswer Of(in WireReply reply) => new(ForwardOutcome.Replied, reply);
}
