namespace TurnServer.Bench.Journal.Survival;

/// <summary>The files of one contender at two moments, as a process that is killed there leaves them.</summary>
/// <param name="Contender">Whose they are.</param>
/// <param name="Before">When the first so many records were on record, and synced where the mode syncs.</param>
/// <param name="RecordsBefore">How many.</param>
/// <param name="After">When the others were on record too, and not synced.</param>
/// <param name="RecordsAfter">How many in all.</param>
internal sealed record WrittenState(IContender Contender, FileImage Before, int RecordsBefore, FileImage After,
    int RecordsAfter)
{
    private const int BatchMax = 16;

    /// <summary>Writes them, in a directory that is deleted again.</summary>
    public static WrittenState Write(IContender contender, SyncMode mode, int before, int after, Random random,
        string root)
    {
        using var directory = new ScratchDirectory(root);
        using var log = contender.Open(directory.Path, mode);
        Append(log, 0, before, random);
        if (mode == SyncMode.Batch)
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
