using TurnServer.Journal;

namespace TurnServer.Bench.Journal.Survival;

/// <summary>The files of one contender at two moments, as a process killed there leaves them.</summary>
/// <param name="Contender">The contender.</param>
/// <param name="Before">The files with the first records, synced unless the policy is none.</param>
/// <param name="RecordsBefore">How many records those are.</param>
/// <param name="After">The files with all records, the later ones not synced.</param>
/// <param name="RecordsAfter">How many records in all.</param>
internal sealed record WrittenState(IContender Contender, FileImage Before, int RecordsBefore, FileImage After,
    int RecordsAfter)
{
    private const int BatchMax = 16;

    /// <summary>Writes them in a temporary directory.</summary>
    public static WrittenState Write(IContender contender, StateSync sync, int before, int after, Random random,
        string root)
    {
        using var directory = new ScratchDirectory(root);
        using var log = contender.Open(directory.Path, sync);
        Append(log, 0, before, random);
        if (sync == StateSync.Batch)
            log.Sync();
        var imageBefore = FileImage.Take(directory.Path);
        Append(log, before, after, random);
        return new WrittenState(contender, imageBefore, before, FileImage.Take(directory.Path), after);
    }

    private static void Append(IRecordLog log, int from, int until, Random random)
    {
        var buffer = new byte[RecordSeries.BytesMax];
        for (var number = from; number < until; log.EndBatch())
        {
            for (var left = Math.Min(random.Next(1, BatchMax + 1), until - number); left > 0; left--)
                log.Append(RecordSeries.Write(number++, buffer));
        }
    }
}
