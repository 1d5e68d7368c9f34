namespace TurnServer.Cluster.Replication;

/// <summary>
/// Writes snapshots of an owned shard, so that the log may be overwritten behind them. It replays the log rather than
/// ask the live table, as <see cref="Journal.Compactor"/> does: so the actor never waits for it.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="recorder">Is told which snapshot is the latest.</param>
/// <param name="epoch">The owner's epoch.</param>
internal sealed class ShardSnapshotter(IShardLog log, ShardRecorder recorder, long epoch)
{
    // Below this the log is short, and replayed in a fraction of a second.
    private const long RecordBytesMin = 8 * 1024 * 1024;

    private long _bytesAtSnapshot;
    private long _snapshotBytes;

    /// <summary>The size of the latest snapshot that this server has written, in bytes. Any thread.</summary>
    public long SnapshotBytes => Volatile.Read(ref _snapshotBytes);

    /// <summary>
    /// Whether the records since the latest snapshot are as long as it is, so that a large table is not rewritten all
    /// the time, or fill half of the log.
    /// </summary>
    /// <param name="appendedBytes">How many bytes this owner has appended.</param>
    public bool IsDue(long appendedBytes) =>
        recorder.StoredPosition - recorder.SnapshotPosition > log.Capacity / 2
        || appendedBytes - _bytesAtSnapshot > Math.Max(RecordBytesMin, _snapshotBytes);

    /// <summary>
    /// Writes a snapshot that holds everything which is in the log now. False: another server owns the shard.
    /// </summary>
    /// <param name="appendedBytes">As for <see cref="IsDue"/>.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="LogUnavailableException">To be tried again.</exception>
    public async Task<bool> TryWriteAsync(long appendedBytes, CancellationToken stop)
    {
        var until = recorder.StoredPosition;
        var latest = await log.ReadSnapshotAsync(stop);
        var previous = latest?.Position ?? 0;
        // Our own, if its acknowledgement was lost.
        recorder.SnapshotPosition = previous;
        if (previous >= until)
        {
            _bytesAtSnapshot = appendedBytes;
            return true;
        }

        var follower = ShardFollower.Begin(latest, log.Role);
        await foreach (var batch in log.ReadOnAsync(previous, stop))
        {
            follower.Apply(batch);
            if (batch.Position >= until)
                break;
        }

        var snapshot = follower.ToSnapshot();
        if (!await log.TryWriteSnapshotAsync(epoch, previous, snapshot, stop))
            return false;
        recorder.SnapshotPosition = snapshot.Position;
        Volatile.Write(ref _snapshotBytes, snapshot.Image.Length);
        _bytesAtSnapshot = appendedBytes;
        return true;
    }
}
