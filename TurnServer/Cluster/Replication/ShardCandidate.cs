using TurnServer.Journal;
using TurnServer.Rules;

namespace TurnServer.Cluster.Replication;

/// <summary>
/// What a server brings along to take over a shard. The decision is the log's: of all that try at the same time one
/// succeeds, and whoever owned the shard before can append nothing from then on.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="id">This server, as in <see cref="ClusterMember.Id"/>.</param>
/// <param name="settings">The settings that the table is to continue under.</param>
/// <param name="grace">For how long after the takeover nobody is dropped for silence.</param>
/// <param name="keys">
/// Creates the source of numbers for new keys, given that of the last key drawn; null when none was, or when keys are
/// not sequential.
/// </param>
/// <param name="clock">For the time of the takeover, and to measure latency.</param>
internal sealed class ShardCandidate(IShardLog log, string id, StateSettings settings, TimeSpan grace,
    Func<ulong?, IKeySource> keys, TimeProvider clock)
{
    /// <summary>The pause before a store that has not answered is asked again, and once more.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromMilliseconds(100);

    // For the batch that takes over, and one that hands over.
    private const int BatchesReserved = 2;

    /// <summary>
    /// Takes over, if the follower has everything that is in the log, and nobody else takes over first.
    /// </summary>
    /// <param name="follower">The table so far; the new owner's from now on, if this succeeds.</param>
    /// <param name="owner">Whom it takes over from; null: nobody owns the shard.</param>
    /// <param name="cause">Why, for the operator.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>Null: follow on, and perhaps try again.</returns>
    /// <exception cref="LogUnavailableException">
    /// As when it returns null. The takeover may still be carried out: a server that finds itself the owner without
    /// having been told so takes over once more.
    /// </exception>
    public async Task<OwnedShard?> TryTakeOverAsync(ShardFollower follower, string? owner, string cause,
        CancellationToken stop)
    {
        var head = await log.ReadHeadAsync(stop);
        // Another one may have taken over meanwhile, from the same owner.
        if (head.Position != follower.Position || head.Owner != owner)
            return null;
        var snapshot = await log.ReadSnapshotPositionAsync(stop);
        if (head.Position + BatchesReserved - snapshot >= log.Capacity)
        {
            // The log is full: owners have died before they could write a snapshot.
            if (!await log.TryWriteSnapshotAsync(head.Epoch, snapshot, follower.ToSnapshot(), stop))
                return null;
            snapshot = head.Position;
        }

        var batch = new TakeOver
        {
            Owner = id,
            Cause = cause,
            At = clock.GetUtcNow(),
            Settings = settings,
            Grace = grace,
        }.ToBatch(log.Role);
        var next = head.TakenOverBy(id);
        if (!await log.TryAppendAsync(head, next, batch, stop))
            return null;
        var last = follower is { HasSequentialKeys: true, Table.LastKey: > 0 and var drawn } ? drawn : (ulong?)null;
        follower.Apply(new LogBatch(next.Position, batch));
        var table = follower.Table!;
        table.DrawKeysFrom(log.Role.KeysFrom(keys(last is { } key ? log.Role.NumberOf(key) : null)));
        return new OwnedShard(log, next, table, snapshot, clock, RetryPause);
    }
}

/// <summary>A shard that this server owns until the log says otherwise.</summary>
internal sealed class OwnedShard
{
    /// <param name="log">The log.</param>
    /// <param name="head">The head, by which this server has taken over.</param>
    /// <param name="table">The table, which is this server's to change.</param>
    /// <param name="snapshotPosition">The position of the latest snapshot; 0: none.</param>
    /// <param name="clock">Measures latency.</param>
    /// <param name="retryPause">See <see cref="ShardCandidate.RetryPause"/>.</param>
    public OwnedShard(IShardLog log, ShardHead head, Table table, long snapshotPosition, TimeProvider clock,
        TimeSpan retryPause)
    {
        Epoch = head.Epoch;
        Table = table;
        Recorder = new ShardRecorder(head.Position, snapshotPosition, log.Capacity);
        Appender = new ShardAppender(log, Recorder, head, clock, retryPause);
        Snapshotter = new ShardSnapshotter(log, Recorder, head.Epoch);
    }

    /// <summary>How many times the shard has been taken over, this time included.</summary>
    public long Epoch { get; }

    public Table Table { get; }

    /// <summary>Records what the table is told.</summary>
    public ShardRecorder Recorder { get; }

    /// <summary>Appends the records to the log.</summary>
    public ShardAppender Appender { get; }

    /// <summary>Writes snapshots to the log.</summary>
    public ShardSnapshotter Snapshotter { get; }
}
