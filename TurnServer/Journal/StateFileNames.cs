using System.Globalization;

namespace TurnServer.Journal;

/// <summary>
/// The names of state files. <c>snapshot-N</c> holds the table before the first record of <c>journal-N</c>; the journal
/// continues in N+1 and so on. Files older than the latest snapshot are obsolete.
/// </summary>
internal static class StateFileNames
{
    public const string Lock = "lock";

    private const string SnapshotPrefix = "snapshot-";
    private const string SegmentPrefix = "journal-";
    private const string NewSuffix = ".new";
    private const string Digits = "D10";

    // One segment a second reaches this in 30 million years.
    private const long NumberMax = 999_999_999_999_999;

    public static string Snapshot(long number) =>
        SnapshotPrefix + number.ToString(Digits, CultureInfo.InvariantCulture);

    public static string Segment(long number) =>
        SegmentPrefix + number.ToString(Digits, CultureInfo.InvariantCulture);

    /// <summary>The name of a file until it is complete on the disk.</summary>
    public static string New(string name) => name + NewSuffix;

    /// <summary>Whether it names a snapshot that was never completed.</summary>
    public static bool IsNew(string name) => name.EndsWith(NewSuffix, StringComparison.Ordinal)
        && SnapshotNumber(name[..^NewSuffix.Length]) is not null;

    /// <summary>Whether it names a state file.</summary>
    public static bool IsState(string name) =>
        SnapshotNumber(name) is not null || SegmentNumber(name) is not null || IsNew(name);

    /// <summary>The number of a snapshot; null for any other name.</summary>
    public static long? SnapshotNumber(string name) => Number(name, SnapshotPrefix);

    /// <summary>The number of a journal segment; null for any other name.</summary>
    public static long? SegmentNumber(string name) => Number(name, SegmentPrefix);

    /// <summary>Whether it resembles a state file's name but is one that no server writes.</summary>
    public static bool IsStray(string name)
    {
        var final = name.EndsWith(NewSuffix, StringComparison.Ordinal) ? name[..^NewSuffix.Length] : name;
        return !IsState(name) && (Resembles(SnapshotPrefix) || Resembles(SegmentPrefix));

        bool Resembles(string prefix) => final.StartsWith(prefix, StringComparison.Ordinal)
            && final.Length > prefix.Length && final.AsSpan(prefix.Length).IndexOfAnyExceptInRange('0', '9') < 0;
    }

    private static long? Number(string name, string prefix) =>
        name.StartsWith(prefix, StringComparison.Ordinal)
        && long.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number is >= StateStore.FirstNumber and <= NumberMax
        && name == prefix + number.ToString(Digits, CultureInfo.InvariantCulture)
            ? number
            : null;
}
