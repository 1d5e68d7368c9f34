namespace TurnServer.Bench.Journal;

/// <summary>All that are compared.</summary>
internal static class Contenders
{
    private const int OwnSegmentBytes = 16 * 1024 * 1024;

    // So that some hundred kilobytes go over several of them.
    private const int OwnSmallSegmentBytes = 256 * 1024;

    private static readonly OwnContender Own = new("own files", OwnSegmentBytes);
    private static readonly SqliteContender Sqlite = new("SQLite, WAL", null, hasLongWal: true);
    private static readonly SqliteContender QuickCheck = new("SQLite, quick_check", "quick_check", hasLongWal: true);
    private static readonly SqliteContender IntegrityCheck =
        new("SQLite, integrity_check", "integrity_check", hasLongWal: true);
    private static readonly FasterContender Faster = new("FasterLog", hasChecksums: true);
    private static readonly FasterContender FasterPlain = new("FasterLog, no checksums", hasChecksums: false);

    /// <summary>Who write otherwise than each other. The first is what the others are compared with.</summary>
    public static IReadOnlyList<IContender> Writers { get; } = [Own, Faster, Sqlite];

    /// <summary>Who read otherwise than each other.</summary>
    public static IReadOnlyList<IContender> Readers { get; } =
        [Own, Faster, FasterPlain, Sqlite, QuickCheck, IntegrityCheck];

    /// <summary>Whose files are damaged: of each list the first writes, and all read.</summary>
    public static IReadOnlyList<IReadOnlyList<IContender>> Survivors { get; } =
    [
        [new OwnContender(Own.Name, OwnSmallSegmentBytes)],
        [Faster],
        [
            new SqliteContender(Sqlite.Name, null, hasLongWal: false),
            new SqliteContender(IntegrityCheck.Name, "integrity_check", hasLongWal: false),
        ],
    ];

    /// <summary>One of those.</summary>
    public static IContender Survivor(string name) =>
        Survivors.SelectMany(readers => readers).First(contender => contender.Name == name);
}
