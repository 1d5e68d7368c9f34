namespace TurnServer.Bench.Journal;

/// <summary>What a record is safe from when it is said to be on record.</summary>
internal enum SyncMode
{
    /// <summary>The end of the process, kill -9 included.</summary>
    None,

    /// <summary>That, and from a power cut once a sync in the background has passed, at most every 10 ms.</summary>
    Batch,

    /// <summary>A power cut as well.</summary>
    Always,
}

/// <summary>A way to keep records in files.</summary>
internal interface IContender
{
    /// <summary>What its row is called, and what a child process is told.</summary>
    string Name { get; }

    /// <summary>Opens an empty directory for writing.</summary>
    IRecordLog Open(string directory, SyncMode mode);

    /// <summary>Opens a directory that was written before, and reads every record back in order.</summary>
    /// <param name="directory">Which.</param>
    /// <param name="powerWasLost">What the machine knows: whether it was started anew since. Our own files ask.</param>
    /// <exception cref="DamagedException">The files are damaged, and it says so.</exception>
    Reading ReadAll(string directory, bool powerWasLost);

    /// <summary>The file that the latest records went to, of these, which have changed.</summary>
    string TailFile(IEnumerable<string> names);
}

/// <summary>Files open for writing. One thread appends; <see cref="Sync"/> may come from another meanwhile.</summary>
internal interface IRecordLog : IDisposable
{
    void Append(ReadOnlySpan<byte> record);

    /// <summary>Returns when all that was appended is on record, as safe as the mode says: replies may leave.</summary>
    void EndBatch();

    /// <summary>Makes what was on record before safe from a power cut: the background's part of Batch.</summary>
    void Sync();
}

/// <summary>What was read back.</summary>
/// <param name="Records">In order.</param>
/// <param name="Warning">What was cut off, if the reader has seen that something was; null when it saw nothing.</param>
internal sealed record Reading(IReadOnlyList<byte[]> Records, string? Warning);

/// <summary>A reader refuses the files; the message says why.</summary>
internal sealed class DamagedException(string message, Exception? cause = null) : Exception(message, cause);
