namespace TurnServer.Bench.Journal.Survival;

/// <summary>A kind of damage to files.</summary>
/// <param name="Name">The title of its table.</param>
/// <param name="Inflict">Returns damaged files and how many records a reader must still find.</param>
/// <param name="PowerWasLost">Whether the machine has rebooted since.</param>
internal sealed record Damage(string Name, Func<WrittenState, Random, (FileImage Files, int Promised)> Inflict,
    bool PowerWasLost)
{
    private const int PageBytes = 4096;

    // At least the frame header of any format. Ours has 8 bytes, preceded by padding, where a flipped bit is harmless.
    private const int FrameBytes = 12;

    // Longer records may be stored in pieces, which a search does not find.
    private const int FoundBytesMax = 100;

    /// <summary>Damage to files written under batch.</summary>
    public static IReadOnlyList<Damage> All { get; } =
    [
        new("last file truncated within the last records", CutOff, false),
        new("one bit flipped in a record or just before it", FlipBit, false),
        new("4 KiB in the middle zeroed", ZeroPage, false),
        new("a file missing", LoseFile, false),
        new("power loss: some unsynced pages lost", LosePower, true),
    ];

    /// <summary>
    /// Damage to files written under none, where only what the kernel wrote back long before must be found.
    /// </summary>
    public static Damage PowerWithoutSync { get; } =
        new("power loss under none: some recently written pages lost", LosePower, true);

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
            // Not the last page: no reader can tell that it existed.
            if (page + PageBytes >= FileImage.UsedLength(bytes))
                continue;
            bytes.AsSpan(page, PageBytes).Clear();
            return (state.After.With(name, bytes), state.RecordsAfter);
        }
    }

    private static (FileImage, int) LoseFile(WrittenState state, Random random)
    {
        var names = state.After.Files.Where(file => !IsUnused(file.Value)).Select(file => file.Key)
            .Order(StringComparer.Ordinal).ToList();
        return (state.After.With(names[random.Next(names.Count)], null), state.RecordsAfter);
    }

    // Of each page changed since the last sync, and of each file's length, the disk may hold either state.
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

    // A lock, or a prepared segment of ours. A FasterLog commit file is as short as our head, hence the page size.
    private static bool IsUnused(byte[] file) => file.Length == 0
        || (file.Length > PageBytes && FileImage.UsedLength(file) <= TurnServer.Journal.SegmentHead.Bytes);

    // One of the positions of a random record: a file may hold several copies.
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
