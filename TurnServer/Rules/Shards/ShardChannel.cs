namespace TurnServer.Rules.Shards;

/// <summary>
/// The messages between this shard and another one, in both directions. Each has a number, is kept by its sender until
/// the other one has applied it, and is applied once: whatever is lost is sent again, and what comes twice is known by
/// its number.
/// </summary>
/// <param name="peer">The other shard's number.</param>
/// <param name="toHandOut">Receives the channel when it has messages that nobody has taken.</param>
internal sealed class ShardChannel(int peer, ICollection<ShardChannel> toHandOut)
{
    private readonly Queue<byte[]> _unacknowledged = [];

    public int Peer => peer;

    /// <summary>The number of the last message to the other shard; they count from 1.</summary>
    public long Sent { get; private set; }

    /// <summary>The last message that the other shard is known to have applied.</summary>
    public long Acknowledged => Sent - _unacknowledged.Count;

    /// <summary>The last message of the other shard that has been applied here.</summary>
    public long Applied { get; private set; }

    /// <summary>The last message that has been given to who sends them; not part of the state.</summary>
    public long HandedOut { get; set; }

    /// <summary>The messages behind <see cref="Acknowledged"/>, in order.</summary>
    public IReadOnlyCollection<byte[]> Unacknowledged => _unacknowledged;

    /// <summary>Adds a message, and returns its number.</summary>
    public long Send(byte[] message)
    {
        _unacknowledged.Enqueue(message);
        if (!toHandOut.Contains(this))
            toHandOut.Add(this);
        return ++Sent;
    }

    /// <summary>Forgets what the other shard has applied.</summary>
    public void Acknowledge(long applied)
    {
        while (Acknowledged < applied && _unacknowledged.TryDequeue(out _))
        {
            // Its number is known by the count of those left.
        }
    }

    /// <summary>Whether a message is the next one to be applied here; notes that it is.</summary>
    public bool TryAccept(long number)
    {
        if (number != Applied + 1)
            return false;
        Applied = number;
        return true;
    }

    public void Write(FieldWriter to)
    {
        to.Number(peer);
        to.Number(Applied);
        to.Number(Acknowledged);
        to.Number(_unacknowledged.Count);
        foreach (var message in _unacknowledged)
            to.Bytes(message);
    }

    /// <summary>Reads what <see cref="Write"/> wrote, except for the peer.</summary>
    public void Read(ref FieldReader from)
    {
        Applied = from.Long();
        Sent = from.Long();
        for (var count = from.Int(); count > 0; count--)
            Send(from.Bytes().ToArray());
    }
}
