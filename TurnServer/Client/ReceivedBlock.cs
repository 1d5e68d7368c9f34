using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>
/// The part of the current block that has been delivered. A block only grows, and the part that is not acknowledged
/// begins the next block (PROTOCOL.md, "The game" and "Saying what has arrived"). So whatever follows the delivered
/// part is new.
/// </summary>
internal sealed class ReceivedBlock(Inbox inbox)
{
    // With more than this in the block, the partner's longest update may be refused.
    private const int NearlyFullBytes = ProtocolLimits.BacklogBytesMax - ProtocolLimits.BodyBytesMax;

    private ReadOnlyMemory<byte> _delivered;

    /// <summary>How many bytes of it have been delivered.</summary>
    public int Length => _delivered.Length;

    /// <summary>Whether the partner may be unable to send until this block is acknowledged.</summary>
    public bool IsNearlyFull => Length > NearlyFullBytes;

    /// <summary>
    /// The server has taken an update that acknowledges this many bytes: the rest begins the next block.
    /// </summary>
    public void Acknowledge(int bytes) => _delivered = After(bytes);

    /// <summary>Delivers what is new in a reply.</summary>
    public void Deliver(in ServerReply reply)
    {
        // As the first reply to a counter, 0/11/* may stand for a turn "*". It is skipped: as 0 bytes are acknowledged,
        // a real turn comes again.
        if (IsEmpty(reply) || reply.Data.Length <= Length)
            return;
        var rest = Length == 0 ? reply.Data : reply.Data[(Length + 1)..];
        _delivered = reply.Data;
        inbox.Put(rest);
    }

    /// <summary>
    /// How many bytes an empty update acknowledges, so that the next block shows which was taken: that update, or a
    /// turn sent before under the same counter.
    /// </summary>
    /// <param name="turnBytes">How many bytes the turn acknowledged.</param>
    public int DistinctFrom(int turnBytes) => turnBytes > Length / 2 ? 0 : Length;

    /// <summary>Whether this reply to an empty update shows that the turn before was taken instead.</summary>
    /// <param name="reply">The reply.</param>
    /// <param name="turnBytes">How many bytes the turn acknowledged.</param>
    public bool ShowsTurnTaken(in ServerReply reply, int turnBytes)
    {
        if (reply.Code != ReplyCode.GameRedundant)
            return false;
        return DistinctFrom(turnBytes) == 0 ? !Begins(reply, _delivered) : Begins(reply, After(turnBytes));
    }

    private static bool IsEmpty(in ServerReply reply) => reply.Code == ReplyCode.GameNoData
        || (reply.Code == ReplyCode.GameRedundant && reply.Data.Span is [(byte)'*']);

    private static bool Begins(in ServerReply reply, ReadOnlyMemory<byte> turns)
    {
        var block = reply.Data.Span;
        return block.StartsWith(turns.Span) && (block.Length == turns.Length || block[turns.Length] == (byte)'|');
    }

    private ReadOnlyMemory<byte> After(int bytes) =>
        bytes >= Length ? default : bytes == 0 ? _delivered : _delivered[(bytes + 1)..];
}
