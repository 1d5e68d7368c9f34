using TurnServer.Cluster.Replication;
using TurnServer.Journal;

namespace TurnServer.Tests.Simulation;

/// <summary>Counts what is recorded.</summary>
internal static class RecordedRequests
{
    /// <summary>How many requests a batch records.</summary>
    public static int CountIn(ReadOnlyMemory<byte> content) =>
        KindsIn(content).Count(kind => kind is < RecordKind.Tick or RecordKind.Refused);

    /// <summary>The kinds of all records of a batch.</summary>
    public static List<RecordKind> KindsIn(ReadOnlyMemory<byte> content)
    {
        List<RecordKind> kinds = [];
        if (BatchContent.KindOf(content.Span) != BatchKind.Records)
            return kinds;
        var rest = content[BatchContent.HeadBytes..];
        while (BatchContent.TryTakeRecord(ref rest, out var record))
            kinds.Add((RecordKind)(record.Span[0] & RecordWriter.KindMask));
        return kinds;
    }
}
