using TurnServer.Journal;

namespace TurnServer.Bench.Journal;

/// <summary>A way to keep a journal in files.</summary>
internal interface IContender
{
    /// <summary>The label of its row, and its name for a child process.</summary>
    string Name { get; }

    /// <summary>Opens an empty directory for writing.</summary>
    IRecordLog Open(string directory, StateSync sync);

    /// <summary>Opens a directory that was written before and reads all records in order.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="powerWasLost">Whether the machine has rebooted since. Only our own files ask.</param>
    /// <exception cref="DamagedException">It reports that the files are damaged.</exception>
    ReadResult ReadAll(string directory, bool powerWasLost);

    /// <summary>The file that holds the latest records, given the names of those that changed.</summary>
    string TailFile(IEnumerable<string> names);
}

/// <summary>Files open for writing. One thread appends; <see cref="Sync"/> may run on another.</summary>
internal interface IRecordLog : IDisposable
{
    void Append(ReadOnlySpan<byte> record);

    /// <summary>Returns when the appended records are as durable as the sync policy promises with a reply.</summary>
    void EndBatch();

    /// <summary>Syncs ended batches to the disk: the background part of <see cref="StateSync.Batch"/>.</summary>
    void Sync();
}

/// <summary>What was read.</summary>
/// <param name="Records">In order.</param>
/// <param name="Warning">What was discarded, if the reader noticed; otherwise null.</param>
internal sealed record ReadResult(IReadOnlyList<byte[]> Records, string? Warning);

/// <summary>A reader refuses the files; the message says why.</summary>
internal sealed class DamagedException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>All contenders.</summary>
internal static class Contenders
{
    private const int OwnSegmentBytes = 16 * 1024 * 1024;

    // So small that a few hundred kilobytes span several of them.
    private const int OwnSmallSegmentBytes = 256 * 1024;

    private static readonly OwnContender Own = new("own files", OwnSegmentBytes);
    private static readonly SqliteContender Sqlite = new("SQLite, WAL", null, hasLongWal: true);
    private static readonly SqliteContender QuickCheck = new("SQLite, quick_check", "quick_check", hasLongWal: true);
    private static readonly SqliteContender IntegrityCheck =
        new("SQLite, integrity_check", "integrity_check", hasLongWal: true);
    private static readonly FasterContender Faster = new("FasterLog", hasChecksums: true);
    private static readonly FasterContender FasterPlain = new("FasterLog, no checksums", hasChecksums: false);

    /// <summary>Those that write differently. The first is the baseline.</summary>
    public static IReadOnlyList<IContender> Writers { get; } = [Own, Faster, Sqlite];

    /// <summary>Those that read differently.</summary>
    public static IReadOnlyList<IContender> Readers { get; } =
        [Own, Faster, FasterPlain, Sqlite, QuickCheck, IntegrityCheck];

    /// <summary>Those whose files are damaged: of each list the first writes and all read.</summary>
    public static IReadOnlyList<IReadOnlyList<IContender>> Survivors { get; } =
    [
        [new OwnContender(Own.Name, OwnSmallSegmentBytes)],
        [Faster],
        [
            new SqliteContender(Sqlite.Name, null, hasLongWal: false),
            new SqliteContender(IntegrityCheck.Name, "integrity_check", hasLongWal: false),
        ],
    ];

    /// <summary>The one of <see cref="Survivors"/> with this name.</summary>
    public static IContender Survivor(string name) =>
        Survivors.SelectMany(readers => readers).First(contender => contender.Name == name);
}
