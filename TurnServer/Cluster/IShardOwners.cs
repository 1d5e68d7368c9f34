namespace TurnServer.Cluster;

/// <summary>
/// Who owns which shard of a cluster that has several, as far as the store tells. By the time somebody reads it, it may
/// be out of date; nothing but <see cref="IShardLog.TryAppendAsync"/> decides who owns a shard.
/// </summary>
internal interface IShardOwners
{
    /// <summary>
    /// For each shard's number the head as it was when its owner last changed, by a takeover or a handover: all at
    /// first, and all again after each change, until <paramref name="stop"/>. Of changes in quick succession only the
    /// last may come. A shard that nobody has owned yet is missing. While the store cannot be reached nothing comes.
    /// </summary>
    IAsyncEnumerable<IReadOnlyDictionary<int, ShardHead>> WatchAsync(CancellationToken stop);
}
