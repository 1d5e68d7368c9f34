namespace TurnServer.Rules.Shards;

/// <summary>
/// Some messages of one shard to another, in order, with what its sender has applied. The encoding is part of the log's
/// format and of that of the links between servers.
/// </summary>
/// <param name="From">The shard that sends it.</param>
/// <param name="Applied">The last message of the receiver that the sender has applied.</param>
/// <param name="First">The number of the first message.</param>
/// <param name="Messages">The messages.</param>
internal readonly record struct ShardFrame(int From, long Applied, long First, IReadOnlyList<byte[]> Messages)
{
    /// <summary>
    /// The most bytes of a frame's messages, with <see cref="HeadBytesOfMessage"/>. So that a record of it is shorter
    /// than 64 KiB.
    /// </summary>
    public const int MessageBytesMax = 32 * 1024;

    /// <summary>What a message may add to the record of its frame: its length, and two keys.</summary>
    public const int HeadBytesOfMessage = 3 * sizeof(ulong);

    /// <summary>A frame without messages, which says what has been applied.</summary>
    public static ShardFrame Acknowledging(int from, long applied) => new(from, applied, First: 0, []);

    /// <summary>As many of these messages as a frame may have.</summary>
    public static IReadOnlyList<byte[]> Fitting(IEnumerable<byte[]> messages)
    {
        var bytes = 0;
        return [.. messages.TakeWhile(message => (bytes += message.Length + HeadBytesOfMessage) <= MessageBytesMax)];
    }

    /// <summary>How many bytes a record of this frame has at most, beside what every record has.</summary>
    /// <param name="bytes">The length of the encoded frame.</param>
    /// <param name="messages">How many messages it has.</param>
    public static int RecordBytes(int bytes, int messages) => bytes + (messages * HeadBytesOfMessage);

    /// <summary>The encoded frame.</summary>
    public byte[] ToBytes()
    {
        var to = new FieldWriter();
        to.Number(From);
        to.Number(Applied);
        to.Number(First);
        to.Number(Messages.Count);
        foreach (var message in Messages)
            to.Bytes(message);
        return to.Written.ToArray();
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <exception cref="CorruptStateException">It is not a frame.</exception>
    public static ShardFrame Read(ReadOnlySpan<byte> bytes)
    {
        var from = new FieldReader(bytes);
        var (sender, applied, first) = (from.Int(), from.Long(), from.Long());
        var messages = new List<byte[]>();
        for (var count = from.Int(); count > 0; count--)
            messages.Add(from.Bytes().ToArray());
        from.End();
        return new ShardFrame(sender, applied, first, messages);
    }
}
