using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Etcdserverpb;
using Google.Protobuf;
using Mvccpb;
using TurnServer.Journal;

namespace TurnServer.Cluster.Etcd;

/// <summary>
/// Reads batches in order: first page by page, each at one revision together with the head, so that it is known how
/// far the ring is filled; then, from the last page's revision on, as etcd tells of each change.
/// </summary>
internal sealed class EtcdLogReader(EtcdConnection connection, EtcdKeys keys, int capacity)
{
    /// <summary>How many bytes the position takes at the beginning of a slot.</summary>
    public const int PositionBytes = sizeof(long);

    // A page has at most 128 slots of at most 256 KiB, and is much smaller unless their sizes jump.
    private const int PageSlotsMin = 8;
    private const int PageSlotsMax = 128;
    private const int PageBytes = 1 << 20;

    /// <inheritdoc cref="IShardLog.ReadOnAsync"/>
    public async IAsyncEnumerable<LogBatch> ReadOnAsync(long after, [EnumeratorCancellation] CancellationToken stop)
    {
        var position = after;
        var failures = 0;
        var epoch = 0L;
        var pageSlots = PageSlotsMin;
        while (true)
        {
            Page page;
            do
            {
                page = await ReadPageAsync(position, pageSlots, stop);
                // Another etcd: its batches do not continue those that were read before.
                if (page.Head.Epoch < epoch)
                    throw new LogGapException(position);
                epoch = page.Head.Epoch;
                pageSlots = NextPageSlots(page, pageSlots);
                foreach (var batch in page.Batches)
                {
                    position = batch.Position;
                    yield return batch;
                }
            }
            while (position < page.Head.Position);

            await using var watch = new EtcdWatch(connection, keys.Log, keys.LogEnd, page.Revision + 1, stop);
            while (await watch.NextAsync() is { } events)
            {
                foreach (var change in events)
                {
                    yield return BatchOf(change.Kv, after: position);
                    position++;
                }
            }

            // If etcd has compacted what was to come, the ring may hold it still.
            failures = watch.HasWorked ? 0 : failures + 1;
            if (failures > connection.Endpoints.Count)
                throw new LogUnavailableException(watch.Failure);
        }
    }

    private async Task<Page> ReadPageAsync(long after, int slots, CancellationToken stop)
    {
        var first = (int)((after + 1) % capacity);
        // Not past the end of the ring; its beginning is on the next page.
        var count = Math.Min(slots, capacity - first);
        var request = new TxnRequest
        {
            Success =
            {
                EtcdTransaction.Read(keys.Head),
                new RequestOp
                {
                    RequestRange = new RangeRequest
                    {
                        Key = keys.Slot(first),
                        RangeEnd = keys.Slot(first + count),
                        SortTarget = RangeRequest.Types.SortTarget.Key,
                        SortOrder = RangeRequest.Types.SortOrder.Ascend,
                    },
                },
            },
        };
        var reply = await connection.ReadAsync(
            (etcd, options) => etcd.Kv.TxnAsync(request, options).ResponseAsync, stop);
        var headValue = reply.Responses[0].ResponseRange.Value();
        var head = headValue is null ? ShardHead.None : keys.ParseHead(headValue);
        // A head that lies before is that of a store that has been restored from a backup.
        if (head.Position - after > capacity || head.Position < after)
            throw new LogGapException(after);

        var expected = (int)Math.Min(count, head.Position - after);
        var found = reply.Responses[1].ResponseRange.Kvs;
        if (found.Count < expected)
            throw new LogGapException(after);
        var batches = new LogBatch[expected];
        for (var index = 0; index < expected; index++)
            batches[index] = BatchOf(found[index], after + index);
        return new Page(batches, head, reply.Header.Revision);
    }

    private static int NextPageSlots(Page page, int slots)
    {
        if (page.Batches.Length == 0)
            return slots;
        var average = Math.Max(1, page.Batches.Sum(batch => batch.Content.Length) / page.Batches.Length);
        return Math.Clamp(PageBytes / average, PageSlotsMin, PageSlotsMax);
    }

    private static LogBatch BatchOf(KeyValue slot, long after)
    {
        if (slot.Value.Length < PositionBytes)
            throw new StateDamagedException($"etcd's key {slot.Key.ToStringUtf8()} holds no batch");
        var position = BinaryPrimitives.ReadInt64BigEndian(slot.Value.Span);
        return position == after + 1
            ? new LogBatch(position, slot.Value.Memory[PositionBytes..])
            : throw new LogGapException(after);
    }

    private readonly record struct Page(LogBatch[] Batches, ShardHead Head, long Revision);
}
