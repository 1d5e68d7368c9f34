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

    // How many turns at the beginning of the block were delivered before the game was resumed.
    private long _known;

    private long _missed;

    /// <summary>How many of the partner's turns have been acknowledged: the block follows them.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>
    /// How many turns were acknowledged before the game was resumed, and had not arrived when it was saved.
    /// </summary>
    public long Missed => Interlocked.Read(ref _missed);

    /// <summary>How many bytes of it have been delivered.</summary>
    public int Length => _delivered.Length;

    /// <summary>Whether the partner may be unable to send until this block is acknowledged.</summary>
    public bool IsNearlyFull => Length > NearlyFullBytes;

    /// <summary>Resumes a saved game.</summary>
    /// <param name="acknowledged">How many turns have been acknowledged, as the server says.</param>
    /// <param name="received">How many turns had arrived when the game was saved.</param>
    public void Resume(long acknowledged, long received)
    {
        Acknowledged = acknowledged;
        _delivered = default;
        _known = Math.Max(0, received - acknowledged);
        if (acknowledged <= received)
            return;
        Interlocked.Add(ref _missed, acknowledged - received);
        inbox.Skip(acknowledged - received);
    }

    /// <summary>How many bytes of the block the partner's first turns fill.</summary>
    /// <param name="turns">How many turns since the game began.</param>
    public int LengthOf(long turns) => LengthOf(_delivered.Span, turns - Acknowledged);

    /// <summary>
    /// The server has taken an update that acknowledges this many bytes: the rest begins the next block.
    /// </summary>
    public void Acknowledge(int bytes)
    {
        var turns = TurnTotals.Count(_delivered.Span[..Math.Min(bytes, Length)]);
        Acknowledged += turns;
        _known = Math.Max(0, _known - turns);
        _delivered = bytes >= Length ? default : bytes == 0 ? _delivered : _delivered[(bytes + 1)..];
    }

    /// <summary>The server says how many turns have been acknowledged: the rest is the block.</summary>
    public void AcknowledgeTo(long turns) => Acknowledge(LengthOf(turns));

    /// <summary>Delivers what is new in a reply.</summary>
    public void Deliver(in ServerReply reply)
    {
        // As the first reply to a counter, 0/11/* may stand for a turn "*". It is skipped: as 0 bytes are acknowledged,
        // a real turn comes again.
        if (IsEmpty(reply) || reply.Data.Length <= Length)
            return;
        var old = Math.Max(Length, LengthOf(reply.Data.Span, _known));
        _delivered = reply.Data;
        if (old < Length)
            inbox.Put(old == 0 ? reply.Data : reply.Data[(old + 1)..]);
    }

    private static bool IsEmpty(in ServerReply reply) => reply.Code == ReplyCode.GameNoData
        || (reply.Code == ReplyCode.GameRedundant && reply.Data.Span is [(byte)'*']);

    // The length of the first turns, or of all if there are fewer, without the separator behind them.
    private static int LengthOf(ReadOnlySpan<byte> block, long turns)
    {
        var length = 0;
        for (; turns > 0 && length <= block.Length; turns--)
        {
            var next = block[length..].IndexOf((byte)'|');
            length = next < 0 ? block.Length + 1 : length + next + 1;
        }

        return Math.Max(0, length - 1);
    }
}
