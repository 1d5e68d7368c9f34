using TurnServer.Cluster;
using TurnServer.Cluster.Replication;
using TurnServer.Journal;

namespace TurnServer.Bench.Cluster.Scale;

/// <summary>What has been appended to logs of shards.</summary>
/// <param name="Batches">Appends; those of a server at a moment share a transaction of the store.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="Records">What they consist of: requests, and frames with messages of other shards.</param>
/// <param name="Messages">The messages in those frames.</param>
internal readonly record struct LogCount(long Batches, long Bytes, long Records, long Messages)
{
    public static LogCount operator +(LogCount one, LogCount other) => new(one.Batches + other.Batches,
        one.Bytes + other.Bytes, one.Records + other.Records, one.Messages + other.Messages);

    /// <summary>Counts what is between two positions of a log, which must be there still.</summary>
    public static async Task<LogCount> ReadAsync(IShardLog log, long after, long upTo)
    {
        var count = default(LogCount);
        if (upTo == after)
            return count;
        await foreach (var batch in log.ReadOnAsync(after, CancellationToken.None))
        {
            count += Of(batch.Content);
            if (batch.Position >= upTo)
                break;
        }

        return count;
    }

    private static LogCount Of(ReadOnlyMemory<byte> batch)
    {
        var (records, messages) = (0, 0);
        if (BatchContent.KindOf(batch.Span) == BatchKind.Records)
        {
            var rest = batch[BatchContent.HeadBytes..];
            for (; BatchContent.TryTakeRecord(ref rest, out var record); records++)
                messages += Replay.MessagesOf(record.Span)?.Messages.Count ?? 0;
        }

        return new LogCount(1, batch.Length, records, messages);
    }
}
