namespace TurnServer.Bench.Journal.Survival;

/// <summary>A way in which files are damaged.</summary>
/// <param name="Name">What its table is called.</param>
/// <param name="Inflict">Makes the damaged files; returns how many records a reader owes.</param>
/// <param name="PowerWasLost">Whether the machine was started anew since.</param>
internal sealed record Damage(string Name, Func<WrittenState, Random, (FileImage Files, int Promised)> Inflict,
    bool PowerWasLost)
{
    private const int PageBytes = 4096;

    // What stands before a record in any of the formats. In our own that is 8, and bytes that fill up the one before,
    // where a flipped bit makes no difference.
    private const int FrameBytes = 12;

    // Records that are long may be kept in pieces, which the search does not find.
    private const int FoundBytesMax = 100;

    /// <summary>Of files written in mode Batch.</summary>
    public static IReadOnlyList<Damage> All { get; } =
    [
        new("the last file cut off within the last records", CutOff, false),
        new("one bit flipped, in a record or just before it", FlipBit, false),
        new("4 KiB in the middle zeroed", ZeroPage, false),
        new("a file missing", LoseFile, false),
        new("power lost: of the pages not synced some are lost", LosePower, true),
    ];

    /// <summary>
    /// Of files written in mode None: what the system had brought to the disk long before is owed, no more.
    /// </summary>
    public static Damage PowerWithoutSync { get; } =
        new("power lost in mode none: of the pages written lately some are lost", LosePower, true);

    private static (FileImage, int) CutOff(WrittenState state, Random random)
    {
        var name = state.Contender.TailFile(state.After.Files.Keys.Where(file =>
            state.Before.Files.TryGetValue(file, out var old) && !old.AsSpan().SequenceEqual(state.After.Files[file])));
        var after = state.After.Files[name];
        var before = state.Before.Files[name];
        var from = after.AsSpan().CommonPrefixLength(before);
        var until = Enumerable.Range(0, after.Length).Last(at => at >= before.Length || after[at] != before[at]) + 1;
        return (state.After.With(name, after[..random.Next(from + 1, until)]), state.RecordsAfter);
    }

    private static (FileImage, int) FlipBit(WrittenState state, Random random)
    {
        var (name, at, length) = FindRecord(state, random);
        var bytes = (byte[])state.After.Files[name].Clone();
        bytes[random.Next(Math.Max(0, at - FrameBytes), at + length)] ^= (byte)(1 << random.Next(8));
        return (state.After.With(name, bytes), state.RecordsAfter);
    }

    private static (FileImage, int) ZeroPage(WrittenState state, Random random)
    {
        while (true)
        {
            var (name, at, _) = FindRecord(state, random);
            var page = at / PageBytes * PageBytes;
            var bytes = (byte[])state.After.Files[name].Clone();
            // Not the last, of which nobody can tell that it was there.
            if (page + PageBytes >= FileImage.UsedLength(bytes))
                continue;
            bytes.AsSpan(page, PageBytes).Clear();
            return (state.After.With(name, bytes), state.RecordsAfter);
        }
    }

    private static (FileImage, int) LoseFile(WrittenState state, Random random)
    {
        var names = state.After.Files.Where(file => !HoldsNothing(file.Value)).Select(file => file.Key)
            .Order(StringComparer.Ordinal).ToList();
        return (state.After.With(names[random.Next(names.Count)], null), state.RecordsAfter);
    }

    // Of each page that is not what it was at the last sync either state may be on the disk, and of a file's length.
    private static (FileImage Files, int) LosePower(WrittenState state, Random random)
    {
        var files = state.After;
        var lostOfHundred = random.Next(5, 96);
        foreach (var (name, after) in state.After.Files)
        {
            if (!state.Before.Files.TryGetValue(name, out var before))
            {
                if (IsLost())
                    files = files.With(name, null);
                continue;
            }

            var bytes = after[..(after.Length > before.Length && IsLost() ? before.Length : after.Length)];
            for (var at = 0; at < bytes.Length; at += PageBytes)
            {
                var page = bytes.AsSpan(at, Math.Min(PageBytes, bytes.Length - at));
                var old = before.AsSpan(Math.Min(at, before.Length));
                old = old[..Math.Min(old.Length, page.Length)];
                if (page[..old.Length].SequenceEqual(old) && !page[old.Length..].ContainsAnyExcept((byte)0))
                    continue;
                if (!IsLost())
                    continue;
                page.Clear();
                old.CopyTo(page);
            }

            files = files.With(name, bytes);
        }

        return (files, state.RecordsBefore);

        bool IsLost() => random.Next(100) < lostOfHundred;
    }

    // A lock, or a segment of our own that was made for later; but a commit of FasterLog is as short as a head.
    private static bool HoldsNothing(byte[] file) => file.Length == 0
        || (file.Length > PageBytes && FileImage.UsedLength(file) <= TurnServer.Journal.SegmentHead.Bytes);

    // One of the places at which a record stands: a file may hold several copies of it.
    private static (string Name, int At, int Length) FindRecord(WrittenState state, Random random)
    {
        var buffer = new byte[RecordSeries.BytesMax];
        while (true)
        {
            var record = RecordSeries.Write(random.Next(state.RecordsAfter), buffer);
            if (record.Length > FoundBytesMax)
                continue;
            var places = new List<(string Name, int At)>();
            foreach (var (name, bytes) in state.After.Files.OrderBy(file => file.Key, StringComparer.Ordinal))
            {
                for (var from = 0; bytes.AsSpan(from).IndexOf(record) is >= 0 and var found; from += found + 1)
                    places.Add((name, from + found));
            }

            if (places.Count == 0)
                continue;
            var (file, at) = places[random.Next(places.Count)];
            return (file, at, record.Length);
        }
    }
}
