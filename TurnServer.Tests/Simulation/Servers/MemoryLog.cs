using TurnServer.Cluster;

namespace TurnServer.Tests.Simulation;

/// <summary>What a shard log is, in memory, and nothing else: not thread-safe, and never away.</summary>
/// <param name="capacity">See <see cref="IShardLog.Capacity"/>.</param>
internal sealed class MemoryLog(int capacity)
{
    private readonly Dictionary<long, LogBatch> _slots = [];

    public ShardHead Head { get; private set; }

    public ShardSnapshot? Snapshot { get; private set; }

    public long SnapshotPosition => Snapshot?.Position ?? 0;

    /// <param name="expected">The head that there must be.</param>
    /// <param name="next">The head from then on.</param>
    /// <param name="content">Not changed afterwards.</param>
    public bool TryAppend(ShardHead expected, ShardHead next, ReadOnlyMemory<byte> content)
    {
        if (Head != expected)
            return false;
        Head = next;
        _slots[next.Position % capacity] = new LogBatch(next.Position, content);
        return true;
    }

    public bool TryWriteSnapshot(long epoch, long previous, ShardSnapshot snapshot)
    {
        if (Head.Epoch != epoch || SnapshotPosition != previous)
            return false;
        Snapshot = snapshot;
        return true;
    }

    /// <summary>The batches behind a position that are there now.</summary>
    /// <exception cref="LogGapException">Some have been overwritten, or the log is another one.</exception>
    public List<LogBatch> ReadOn(long after)
    {
        if (Head.Position < after)
            throw new LogGapException(after);
        var batches = new List<LogBatch>();
        for (var position = after + 1; position <= Head.Position; position++)
        {
            if (_slots[position % capacity] is var batch && batch.Position != position)
                throw new LogGapException(after);
            batches.Add(batch);
        }

        return batches;
    }
}
