namespace TurnServer.Bench.Journal.Survival;

/// <summary>The result of a trial, from best to worst.</summary>
internal enum Outcome
{
    /// <summary>All promised records, in order and unaltered.</summary>
    Complete,

    /// <summary>The last records are missing, and the reader reported it.</summary>
    TailLossReported,

    /// <summary>The reader refused the files.</summary>
    Refused,

    /// <summary>The last records are missing, unreported.</summary>
    TailLost,

    /// <summary>Records before the last are missing, unreported.</summary>
    MiddleLost,

    /// <summary>A record was read that was not written, or not at that position.</summary>
    Altered,

    /// <summary>The reader's process died.</summary>
    Crashed,

    /// <summary>The reader did not finish.</summary>
    Hung,
}

/// <summary>Compares what was read with what was written.</summary>
internal static class Judge
{
    /// <summary>Reads a directory of <see cref="RecordSeries"/> records and compares the result.</summary>
    public static Outcome Read(IContender contender, string directory, int promised, bool powerWasLost)
    {
        try
        {
            return Of(contender.ReadAll(directory, powerWasLost), promised);
        }
        catch (DamagedException)
        {
            return Outcome.Refused;
        }
    }

    /// <summary>Compares what was read with what was written.</summary>
    public static Outcome Of(ReadResult result, int promised)
    {
        var expected = new byte[RecordSeries.BytesMax];
        var next = 0;
        var hasAll = true;
        foreach (var record in result.Records)
        {
            var number = RecordSeries.NumberOf(record);
            if (number < next || !record.AsSpan().SequenceEqual(RecordSeries.Write(number, expected)))
                return Outcome.Altered;
            hasAll &= number == next;
            next = number + 1;
        }

        if (!hasAll)
            return Outcome.MiddleLost;
        if (next >= promised)
            return Outcome.Complete;
        return result.Warning is null ? Outcome.TailLost : Outcome.TailLossReported;
    }
}
