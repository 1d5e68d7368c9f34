using System.IO.Hashing;
using Etcdserverpb;
using Google.Protobuf;
using TurnServer.Journal;

namespace TurnServer.Cluster.Etcd;

/// <summary>
/// The snapshots of a shard. The parts of a new one are put under the keys of the one before the latest; then the
/// pointer is changed. Each put is a transaction on the condition that the epoch, the latest snapshot and the attempt
/// are still the same. So nothing that arrives late, from an earlier owner or from an earlier attempt of the same one,
/// can damage a snapshot; and each put may be repeated.
/// </summary>
internal sealed class EtcdSnapshots(EtcdConnection connection, EtcdKeys keys)
{
    // etcd takes 1.5 MiB in one request.
    private const int PartBytesMax = 1 << 20;

    private const int PartsInFlightMax = 4;

    // Parts go to a disk among others; nobody waits for them.
    private static readonly TimeSpan PartTimeout = TimeSpan.FromSeconds(5);

    /// <inheritdoc cref="IShardLog.ReadSnapshotAsync"/>
    /// <exception cref="StateDamagedException">It is there, and not as it was written.</exception>
    public async Task<ShardSnapshot?> ReadAsync(CancellationToken stop)
    {
        var latest = await ReadValueAsync(keys.Snapshot, stop);
        while (latest is not null)
        {
            var pointer = SnapshotPointer.Parse(latest);
            if (await ReadImageAsync(pointer, stop) is { } image)
                return new ShardSnapshot(pointer.Position, image);
            // Unless it has been overwritten while it was read, it is damaged.
            var before = latest;
            latest = await ReadValueAsync(keys.Snapshot, stop);
            if (before.Equals(latest))
                throw new StateDamagedException($"The snapshot in etcd ({latest.ToStringUtf8()}) is damaged");
        }

        return null;
    }

    /// <inheritdoc cref="IShardLog.ReadSnapshotPositionAsync"/>
    public async Task<long> ReadPositionAsync(CancellationToken stop) =>
        // A takeover waits for it.
        await ReadValueAsync(keys.Snapshot, stop, connection.Options.Timeout) is { } latest
            ? SnapshotPointer.Parse(latest).Position
            : 0;

    /// <inheritdoc cref="IShardLog.TryWriteSnapshotAsync"/>
    public async Task<bool> TryWriteAsync(long epoch, long previous, ShardSnapshot snapshot, CancellationToken stop)
    {
        var latest = await ReadValueAsync(keys.Snapshot, stop);
        var pointer = latest is null ? default(SnapshotPointer?) : SnapshotPointer.Parse(latest);
        if ((pointer?.Position ?? 0) != previous)
            return false;
        var parts = (snapshot.Image.Length + PartBytesMax - 1) / PartBytesMax;
        var next = new SnapshotPointer(snapshot.Position, pointer is { Generation: 0 } ? 1 : 0, parts,
            snapshot.Image.Length, XxHash3.HashToUInt64(snapshot.Image.Span));

        var attempt = new Attempt(epoch == 0 ? null : EtcdKeys.Text(epoch), latest,
            ByteString.CopyFromUtf8($"{epoch} {Guid.NewGuid():N}"));
        var begin = EtcdTransaction.Put(keys.SnapshotWriter, attempt.Id);
        if (!(await PutAsync(attempt, begin, stop, isFirst: true)).Succeeded)
            return false;
        if (!await PutPartsAsync(attempt, next, snapshot.Image, stop))
            return false;
        var end = await PutAsync(attempt, EtcdTransaction.Put(keys.Snapshot, next.Text), stop);
        // A repetition is refused when the first one has been carried out without an acknowledgement.
        return end.Succeeded || next.Text.Equals(end.Responses[0].ResponseRange.Value());
    }

    private async Task<bool> PutPartsAsync(Attempt attempt, SnapshotPointer next, ReadOnlyMemory<byte> image,
        CancellationToken stop)
    {
        var isRefused = false;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = PartsInFlightMax, CancellationToken = stop };
        await Parallel.ForAsync(0, next.Parts, parallel, async (part, cancel) =>
        {
            if (Volatile.Read(ref isRefused))
                return;
            var start = part * PartBytesMax;
            var content = image.Slice(start, Math.Min(PartBytesMax, image.Length - start));
            var put = EtcdTransaction.Put(keys.SnapshotPart(next.Generation, part),
                UnsafeByteOperations.UnsafeWrap(content));
            if (!(await PutAsync(attempt, put, cancel)).Succeeded)
                Volatile.Write(ref isRefused, true);
        });
        return !isRefused;
    }

    private Task<TxnResponse> PutAsync(Attempt attempt, RequestOp put, CancellationToken stop, bool isFirst = false)
    {
        var request = new TxnRequest
        {
            Compare =
            {
                EtcdTransaction.Holds(keys.Epoch, attempt.Epoch),
                EtcdTransaction.Holds(keys.Snapshot, attempt.Latest),
            },
            Success = { put },
            Failure = { EtcdTransaction.Read(keys.Snapshot) },
        };
        if (!isFirst)
            request.Compare.Add(EtcdTransaction.Holds(keys.SnapshotWriter, attempt.Id));
        return connection.ReadAsync((etcd, options) => etcd.Kv.TxnAsync(request, options).ResponseAsync, stop,
            PartTimeout);
    }

    // Null: a part is missing, or they do not fit together.
    private async Task<byte[]?> ReadImageAsync(SnapshotPointer pointer, CancellationToken stop)
    {
        if (pointer.Parts != ((long)pointer.Bytes + PartBytesMax - 1) / PartBytesMax)
            return null;
        var image = new byte[pointer.Bytes];
        for (var part = 0; part < pointer.Parts; part++)
        {
            var rest = image.AsMemory(part * PartBytesMax);
            var content = await ReadValueAsync(keys.SnapshotPart(pointer.Generation, part), stop);
            if (content is null || content.Length != Math.Min(rest.Length, PartBytesMax))
                return null;
            content.Memory.CopyTo(rest);
        }

        return XxHash3.HashToUInt64(image) == pointer.Checksum ? image : null;
    }

    private async Task<ByteString?> ReadValueAsync(ByteString key, CancellationToken stop, TimeSpan? timeout = null)
    {
        var request = new RangeRequest { Key = key };
        var reply = await connection.ReadAsync(
            (etcd, options) => etcd.Kv.RangeAsync(request, options).ResponseAsync, stop,
            timeout ?? PartTimeout);
        return reply.Value();
    }

    /// <param name="Epoch">The epoch's text; null if there has been none.</param>
    /// <param name="Latest">The pointer that is to be replaced; null for none.</param>
    /// <param name="Id">Unique.</param>
    private sealed record Attempt(ByteString? Epoch, ByteString? Latest, ByteString Id);
}
