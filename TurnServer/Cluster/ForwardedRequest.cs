using TurnServer.Actor;
using TurnServer.Protocol;

namespace TurnServer.Cluster;

/// <summary>A player's request on its way from the server that received it to the one that owns the shard.</summary>
/// <param name="Body">See <see cref="ForwardedKind"/>.</param>
/// <param name="Received">The value of <c>Turn-Received</c>; null: none.</param>
/// <param name="WaitSeconds">How long the client is willing to wait for news; 0: not at all.</param>
/// <param name="From">The client's address.</param>
/// <param name="Kind">What it is.</param>
internal readonly record struct ForwardedRequest(ReadOnlyMemory<byte> Body, string? Received, int WaitSeconds,
    ClientAddress From, ForwardedKind Kind = ForwardedKind.Request)
{
    /// <summary>The shard that is to answer it.</summary>
    public int Shard { get; init; }
}

/// <summary>What one server asks of another one.</summary>
internal enum ForwardedKind : byte
{
    /// <summary>A player's request: the body of a POST.</summary>
    Request = 0,

    /// <summary>A <c>GET /waiting</c>: the query of the URL.</summary>
    WaitingQuery = 1,

    /// <summary>
    /// Messages of a shard, as <see cref="Rules.Shards.ShardFrame"/> writes them. The reply's
    /// <see cref="WireReply.TurnCounter"/> is the last one that has been applied.
    /// </summary>
    Messages = 2,

    /// <summary>
    /// Asks for a shard itself: the id of the server that is to own it. A reply says that it has been handed over.
    /// </summary>
    HandOver = 3,

    /// <summary>Asks for <see cref="ServerReport"/>, which is the reply's body.</summary>
    Report = 4,
}

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
