using TurnServer.Cluster.Replication;
using TurnServer.Journal;

namespace TurnServer.Tests.Simulation;

/// <summary>Counts what is recorded.</summary>
internal static class RecordedRequests
{
    /// <summary>How many requests a batch records.</summary>
    public static int CountIn(ReadOnlyMemory<byte> content)
    {
        if (BatchContent.KindOf(content.Span) != BatchKind.Records)
            return 0;
        var count = 0;
        var rest = content[BatchContent.HeadBytes..];
        while (BatchContent.TryTakeRecord(ref rest, out var record))
        {
            var kind = (RecordKind)(record.Span[0] & RecordWriter.KindMask);
            count += kind is < RecordKind.Tick or RecordKind.Refused ? 1 : 0;
        }

        return count;
    }
}
