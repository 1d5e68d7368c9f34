namespace TurnServer.Journal;

/// <summary>
/// The directory that a state is kept in. A seam: tests let it lose power and run full. What is said below of a loss of
/// power does not hold where nothing is synced (<see cref="StateSync.None"/>).
/// </summary>
/// <exception cref="IOException">Thrown by every method when the disk fails or is full.</exception>
internal interface IStateDirectory : IDisposable
{
    /// <summary>What it is called in messages.</summary>
    string Path { get; }

    /// <summary>
    /// Which start of the machine this is: within one, what was written to a file is in it. Empty when that is unknown.
    /// </summary>
    Guid BootId { get; }

    /// <summary>The names of its files, in no order.</summary>
    IReadOnlyList<string> List();

    /// <summary>The names of what is no ordinary file: directories, links, pipes.</summary>
    IReadOnlyList<string> ListNonFiles();

    /// <summary>A new file, of so many bytes 0 that have room on the disk, under this name even after power is lost.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="bytes">Its length.</param>
    /// <param name="isMapped">
    /// Whether what is written there outlives the process at once; otherwise it does when it is pushed, and syncing
    /// takes less time.
    /// </param>
    ISegmentFile Create(string name, int bytes, bool isMapped);

    /// <summary>All that is in a file.</summary>
    byte[] ReadAll(string name);

    /// <summary>A file, to be read from its front.</summary>
    Stream Open(string name);

    /// <summary>
    /// A file that is there with all that is written to it even after power is lost, or not at all. Returns its length.
    /// </summary>
    long Write(string name, Action<Stream> write);

    void Delete(string name);

    /// <summary>Whether it is still the directory that was taken, under its path and with its lock.</summary>
    DirectoryLoss DetectLoss();

    /// <summary>
    /// Takes hold of what is under its path now, made anew if it is missing: its own directory, whose lock is missing,
    /// or another, unless that holds a state.
    /// </summary>
    /// <exception cref="StateException">It cannot be taken; the message is for the operator.</exception>
    void Reacquire();
}

/// <summary>What has become of a directory that a server holds.</summary>
internal enum DirectoryLoss
{
    /// <summary>It is as it was.</summary>
    None,

    /// <summary>Its lock is missing or another: another server may take it.</summary>
    Lock,

    /// <summary>Another directory is under its path.</summary>
    Replaced,

    /// <summary>Nothing is under its path.</summary>
    Gone,
}

/// <summary>
/// A file whose bytes are memory: what is written there outlives the process once it is pushed, and the machine once it
/// is flushed.
/// </summary>
internal interface ISegmentFile : IDisposable
{
    /// <summary>Not to be used once it is disposed of.</summary>
    Span<byte> Bytes { get; }

    /// <summary>Hands the bytes between these two places to the system, where it does not have them at once.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    void Push(int from, int until);

    /// <summary>Brings to the disk what has been pushed.</summary>
    /// <exception cref="IOException">The disk failed: what it holds of that is unknown.</exception>
    void Flush();
}
