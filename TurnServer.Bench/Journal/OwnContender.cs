using TurnServer.Journal;

namespace TurnServer.Bench.Journal;

/// <summary>
/// The server's own files: its segments and frames, and its reader of them, without the table that they are of.
/// </summary>
internal sealed class OwnContender(string name, int segmentBytes) : IContender
{
    public string Name => name;

    public IRecordLog Open(string directory, SyncMode mode) => new OwnLog(directory, segmentBytes, mode);

    public Reading ReadAll(string directory, bool powerWasLost)
    {
        var records = new List<byte[]>();
        string? warning = null;
        try
        {
            using var state = new RecordedDirectory(directory, powerWasLost);
            var numbers = state.List().Select(StateFileNames.SegmentNumber).OfType<long>().Order().ToList();
            for (var number = OwnLog.FirstNumber; ; number++)
            {
                if (!numbers.Contains(number))
                    throw new DamagedException($"{StateFileNames.Segment(number)} is missing");
                var segment = new RecordedSegment(state, StateFileNames.Segment(number), number);
                if (segment.Replay(record => Take(record, records)))
                    continue;
                warning = segment.DiscardedTail;
                if (numbers.Where(later => later > number).All(later => IsUnused(state, later)))
                    return new Reading(records, warning);
                if (!segment.MayLackRecords)
                    throw new DamagedException($"{StateFileNames.Segment(number)}: its end is missing");
                return new Reading(records, "the machine has lost the end of a segment that others follow");
            }
        }
        catch (StateException e)
        {
            throw new DamagedException(e.Message, e);
        }
    }

    public string TailFile(IEnumerable<string> names) =>
        names.Where(file => StateFileNames.SegmentNumber(file) > 0).MaxBy(StateFileNames.SegmentNumber)!;

    private static bool IsUnused(RecordedDirectory state, long number) =>
        new RecordedSegment(state, StateFileNames.Segment(number), number).IsUnused;

    // Whether it is the mark that another segment follows.
    private static bool Take(ReadOnlyMemory<byte> record, List<byte[]> records)
    {
        if (record.Span.SequenceEqual(OwnLog.Seal))
            return true;
        records.Add(record.ToArray());
        return false;
    }
}
