namespace TurnServer.Journal;

/// <summary>
/// The directory that holds the state. A seam: tests simulate power loss and a full disk. With
/// <see cref="StateSync.None"/> nothing below that is said about power loss holds.
/// </summary>
/// <exception cref="IOException">Thrown by every method when the disk fails or is full.</exception>
internal interface IStateDirectory : IDisposable
{
    /// <summary>Its path, for messages.</summary>
    string Path { get; }

    /// <summary>
    /// Identifies the boot of the machine: whatever was written to a file during one boot can be read during it.
    /// Empty when unknown.
    /// </summary>
    Guid BootId { get; }

    /// <summary>The names of its files, unordered.</summary>
    IReadOnlyList<string> List();

    /// <summary>The names of entries that are not regular files: directories, links, pipes.</summary>
    IReadOnlyList<string> ListNonFiles();

    /// <summary>Creates a zero-filled file whose space is allocated and whose name survives power loss.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="bytes">Its length.</param>
    /// <param name="isMapped">
    /// Whether its bytes outlive the process as soon as they are stored. Otherwise only after
    /// <see cref="ISegmentFile.Write"/>, which makes syncing faster.
    /// </param>
    ISegmentFile Create(string name, int bytes, bool isMapped);

    /// <summary>Reads a whole file.</summary>
    byte[] ReadAll(string name);

    /// <summary>Opens a file for sequential reading.</summary>
    Stream Open(string name);

    /// <summary>
    /// Writes a file atomically: after power loss it is there complete or not at all. Returns its length in bytes.
    /// </summary>
    long Write(string name, Action<Stream> write);

    void Delete(string name);

    /// <summary>Checks that the path still leads to the acquired directory and its lock file.</summary>
    DirectoryLoss DetectLoss();

    /// <summary>
    /// Acquires whatever is at the path now and creates it if missing: the same directory without its lock file, or
    /// another directory, unless that one holds a state.
    /// </summary>
    /// <exception cref="StateException">It cannot be acquired; the message is for the operator.</exception>
    void Reacquire();
}

/// <summary>What happened to a directory that a server has acquired.</summary>
internal enum DirectoryLoss
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Its lock file is missing or another one: a second server could acquire it.</summary>
    Lock,

    /// <summary>Its path leads to another directory.</summary>
    Replaced,

    /// <summary>Its path leads nowhere.</summary>
    Gone,
}

/// <summary>
/// A file accessed as memory: its bytes outlive the process once written, and power loss once synced.
/// </summary>
internal interface ISegmentFile : IDisposable
{
    /// <summary>Not to be used after disposal.</summary>
    Span<byte> Bytes { get; }

    /// <summary>Writes a range of the bytes to the file, unless the file is mapped.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    void Write(int start, int end);

    /// <summary>Syncs to the disk what has been written.</summary>
    /// <exception cref="IOException">The disk failed: how much it holds is unknown.</exception>
    void Sync();
}
