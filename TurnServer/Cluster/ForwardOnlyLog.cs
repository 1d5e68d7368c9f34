using System.Runtime.CompilerServices;
using TurnServer.Rules;

namespace TurnServer.Cluster;

/// <summary>
/// A log in which a server that has seen a position never follows or takes over an earlier one: an etcd that was
/// emptied, or restored from a backup, or that is another one counts as unavailable. It is asked again and again; a new
/// process takes it as it is. Any thread.
/// </summary>
/// <param name="log">The log.</param>
internal sealed class ForwardOnlyLog(IShardLog log) : IShardLog
{
    private readonly Lock _gate = new();
    private ShardHead _seen;

    /// <inheritdoc/>
    public ShardRole Role => log.Role;

    /// <inheritdoc/>
    public int Capacity => log.Capacity;

    /// <inheritdoc/>
    public async Task<ShardHead> ReadHeadAsync(CancellationToken stop)
    {
        // Before the call: while it is under way another one may see more.
        var seen = Seen;
        var head = await log.ReadHeadAsync(stop);
        if (head.Position < seen.Position)
            throw GoneBack($"from position {seen.Position} to {head.Position}");
        if (head.Epoch < seen.Epoch)
            throw GoneBack($"from takeover {seen.Epoch} to takeover {head.Epoch}");
        Note(head.Epoch, head.Position);
        return head;
    }

    /// <inheritdoc/>
    public async Task<bool> TryAppendAsync(ShardHead expected, ShardHead next, ReadOnlyMemory<byte> batch,
        CancellationToken stop)
    {
        if (!await log.TryAppendAsync(expected, next, batch, stop))
            return false;
        Note(next.Epoch, next.Position);
        return true;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<LogBatch> ReadOnAsync(long after, [EnumeratorCancellation] CancellationToken stop)
    {
        await foreach (var batch in log.ReadOnAsync(after, stop))
        {
            Note(0, batch.Position);
            yield return batch;
        }
    }

    /// <inheritdoc/>
    public Task<ShardSnapshot?> ReadSnapshotAsync(CancellationToken stop) => log.ReadSnapshotAsync(stop);

    /// <inheritdoc/>
    public Task<long> ReadSnapshotPositionAsync(CancellationToken stop) => log.ReadSnapshotPositionAsync(stop);

    /// <inheritdoc/>
    public Task<bool> TryWriteSnapshotAsync(long epoch, long previous, ShardSnapshot snapshot,
        CancellationToken stop) => log.TryWriteSnapshotAsync(epoch, previous, snapshot, stop);

    private ShardHead Seen
    {
        get
        {
            lock (_gate)
                return _seen;
        }
    }

    private void Note(long epoch, long position)
    {
        lock (_gate)
            _seen = new ShardHead(Math.Max(epoch, _seen.Epoch), Math.Max(position, _seen.Position), null);
    }

    private static LogUnavailableException GoneBack(string how) => new($"the log has gone back {how}: another etcd "
        + "answers, or it was restored from a backup. If that is meant, stop all servers, then start them")
    {
        HasGoneBack = true,
    };
}
