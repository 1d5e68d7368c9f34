using System.Globalization;

namespace TurnServer.Journal;

/// <summary>
/// How the files of a state are called. <c>snapshot-N</c> holds what the table was before the first record of
/// <c>journal-N</c>; the journal goes on in N+1 and so forth. What is older than the latest snapshot is of no use.
/// </summary>
internal static class StateFileNames
{
    public const string Lock = "lock";

    private const string SnapshotPrefix = "snapshot-";
    private const string SegmentPrefix = "journal-";
    private const string NewSuffix = ".new";
    private const string Digits = "D10";

    // Segments that are begun each second get there in 30 million years.
    private const long NumberMax = 999_999_999_999_999;

    public static string Snapshot(long number) =>
        SnapshotPrefix + number.ToString(Digits, CultureInfo.InvariantCulture);

    public static string Segment(long number) =>
        SegmentPrefix + number.ToString(Digits, CultureInfo.InvariantCulture);

    /// <summary>What a file is called until all of it is on the disk.</summary>
    public static string New(string name) => name + NewSuffix;

    /// <summary>Whether it is a snapshot that was never completed.</summary>
    public static bool IsNew(string name) => name.EndsWith(NewSuffix, StringComparison.Ordinal)
        && SnapshotNumber(name[..^NewSuffix.Length]) is not null;

    /// <summary>Whether it is a file of a state.</summary>
    public static bool IsState(string name) =>
        SnapshotNumber(name) is not null || SegmentNumber(name) is not null || IsNew(name);

    /// <summary>The number of a snapshot; null for any other name.</summary>
    public static long? SnapshotNumber(string name) => Number(name, SnapshotPrefix);

    /// <summary>The number of a segment of the journal; null for any other name.</summary>
    public static long? SegmentNumber(string name) => Number(name, SegmentPrefix);

    /// <summary>Whether it looks like a file of a state, and is called as no server calls one.</summary>
    public static bool IsStray(string name)
    {
        var whole = name.EndsWith(NewSuffix, StringComparison.Ordinal) ? name[..^NewSuffix.Length] : name;
        return !IsState(name) && (Looks(SnapshotPrefix) || Looks(SegmentPrefix));

        bool Looks(string prefix) => whole.StartsWith(prefix, StringComparison.Ordinal)
            && whole.Length > prefix.Length && whole.AsSpan(prefix.Length).IndexOfAnyExceptInRange('0', '9') < 0;
    }

    private static long? Number(string name, string prefix) =>
        name.StartsWith(prefix, StringComparison.Ordinal)
        && long.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number is >= StateStore.FirstNumber and <= NumberMax
        && name == prefix + number.ToString(Digits, CultureInfo.InvariantCulture)
            ? number
            : null;
}
