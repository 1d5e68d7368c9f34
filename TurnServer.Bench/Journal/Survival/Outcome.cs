namespace TurnServer.Bench.Journal.Survival;

/// <summary>What came of a trial, the good ones first.</summary>
internal enum Outcome
{
    /// <summary>All that was promised, in order and unaltered.</summary>
    AllThere,

    /// <summary>The last ones are missing, and the reader said that something was cut off.</summary>
    TailLostAndSaid,

    /// <summary>The reader refused the files.</summary>
    Refused,

    /// <summary>The last ones are missing, and nothing was said.</summary>
    TailLost,

    /// <summary>Others than the last ones are missing, and nothing was said.</summary>
    MiddleLost,

    /// <summary>A record was read that was never written, or not there.</summary>
    Altered,

    /// <summary>The reader's process died.</summary>
    Crashed,

    /// <summary>The reader did not come to an end.</summary>
    Hung,
}

/// <summary>Holds what was read against what was written.</summary>
internal static class Judge
{
    /// <summary>Reads a directory of records of <see cref="RecordSeries"/>, of which so many were promised.</summary>
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

    /// <summary>What a reading is worth.</summary>
    public static Outcome Of(Reading reading, int promised)
    {
        var expected = new byte[RecordSeries.BytesMax];
        var next = 0;
        var isWhole = true;
        foreach (var record in reading.Records)
        {
            var number = RecordSeries.NumberOf(record);
            if (number < next || !record.AsSpan().SequenceEqual(RecordSeries.Write(number, expected)))
                return Outcome.Altered;
            isWhole &= number == next;
            next = number + 1;
        }

        if (!isWhole)
            return Outcome.MiddleLost;
        if (next >= promised)
            return Outcome.AllThere;
        return reading.Warning is null ? Outcome.TailLost : Outcome.TailLostAndSaid;
    }
}
