using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>
/// The block of the last counter, as far as it has been delivered. A block only grows, and one that is not acknowledged
/// in full begins the next one (PROTOCOL.md, "The game" and "Saying what has arrived"): so what is behind that which
/// has been delivered is new.
/// </summary>
internal sealed class ReceivedBlock(Inbox inbox)
{
    // With more than this on their way here, a partner's longest update may be refused.
    private const int CrowdedBytes = ProtocolLimits.BacklogBytesMax - ProtocolLimits.BodyBytesMax;

    private ReadOnlyMemory<byte> _delivered;

    /// <summary>How much of it has been delivered, in bytes.</summary>
    public int Length => _delivered.Length;

    /// <summary>Whether it leaves so little room that the partner may be waiting for it to be acknowledged.</summary>
    public bool IsCrowded => Length > CrowdedBytes;

    /// <summary>An update has been taken that acknowledged so many bytes: the rest begins the next block.</summary>
    public void Acknowledge(int bytes) => _delivered = Behind(bytes);

    /// <summary>Delivers what is new in a reply.</summary>
    public void Deliver(in ServerReply reply)
    {
        // Before anything else of this counter a lone * may be a turn: if it is, it comes again, as 0 has arrived.
        if (IsEmpty(reply) || reply.Data.Length <= Length)
            return;
        var rest = Length == 0 ? reply.Data : reply.Data[(Length + 1)..];
        _delivered = reply.Data;
        inbox.Put(rest);
    }

    /// <summary>
    /// How much an empty update says has arrived, so that the next block shows whether that update was taken or a turn
    /// that went out before it under the same counter.
    /// </summary>
    /// <param name="turnBytes">How much the turn said.</param>
    public int DistinctFrom(int turnBytes) => turnBytes > Length / 2 ? 0 : Length;

    /// <summary>Whether this reply to an empty update shows that the turn before it was taken in its place.</summary>
    /// <param name="reply">The reply.</param>
    /// <param name="turnBytes">How much the turn said had arrived.</param>
    public bool ShowsTurnTaken(in ServerReply reply, int turnBytes)
    {
        if (reply.Code != ReplyCode.GameRedundant)
            return false;
        return DistinctFrom(turnBytes) == 0 ? !Begins(reply, _delivered) : Begins(reply, Behind(turnBytes));
    }

    private static bool IsEmpty(in ServerReply reply) => reply.Code == ReplyCode.GameNoData
        || (reply.Code == ReplyCode.GameRedundant && reply.Data.Span is [(byte)'*']);

    private static bool Begins(in ServerReply reply, ReadOnlyMemory<byte> turns)
    {
        var block = reply.Data.Span;
        return block.StartsWith(turns.Span) && (block.Length == turns.Length || block[turns.Length] == (byte)'|');
    }

    private ReadOnlyMemory<byte> Behind(int bytes) =>
        bytes >= Length ? default : bytes == 0 ? _delivered : _delivered[(bytes + 1)..];
}
