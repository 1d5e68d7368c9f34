using System.Collections.Concurrent;
using FASTER.core;
using Microsoft.Win32.SafeHandles;

namespace TurnServer.Bench.Journal;

/// <summary>
/// A device for FasterLog that writes to the page cache and syncs on demand. It writes on the committing thread, which
/// is faster than handing the write to another.
/// </summary>
internal sealed unsafe class BufferedDevice(string path)
    : StorageDeviceBase(path, SectorBytes, Devices.CAPACITY_UNSPECIFIED)
{
    private const uint SectorBytes = 512;

    // By segment. The library's threads may write full pages concurrently.
    private readonly ConcurrentDictionary<int, SafeFileHandle> _files = new();

    /// <summary>Syncs what was written before the call.</summary>
    public void Sync()
    {
        foreach (var file in _files.Values)
            RandomAccess.FlushToDisk(file);
    }

    public override void WriteAsync(nint sourceAddress, int segmentId, ulong destinationAddress, uint numBytesToWrite,
        DeviceIOCompletionCallback callback, object context)
    {
        var source = new ReadOnlySpan<byte>((void*)sourceAddress, (int)numBytesToWrite);
        RandomAccess.Write(Segment(segmentId), source, (long)destinationAddress);
        callback(0, numBytesToWrite, context);
    }

    public override void ReadAsync(int segmentId, ulong sourceAddress, nint destinationAddress, uint readLength,
        DeviceIOCompletionCallback callback, object context)
    {
        var target = new Span<byte>((void*)destinationAddress, (int)readLength);
        var read = RandomAccess.Read(Segment(segmentId), target, (long)sourceAddress);
        callback(0, (uint)read, context);
    }

    public override void RemoveSegmentAsync(int segment, AsyncCallback callback, IAsyncResult result)
    {
        if (_files.TryRemove(segment, out var file))
            file.Dispose();
        File.Delete(Name(segment));
        callback(result);
    }

    public override void Dispose()
    {
        foreach (var file in _files.Values)
            file.Dispose();
    }

    private SafeFileHandle Segment(int segment) => _files.GetOrAdd(segment, number =>
        File.OpenHandle(Name(number), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite));

    private string Name(int segment) => GetSegmentFilename(FileName, segment);
}

/// <summary>
/// The commit files of FasterLog, each of which records the log's length: the reader reports damage before that, and
/// takes damage after it for the end of the log. With background syncs, each sync writes one after the log itself is on
/// the disk; otherwise the library writes one now and then.
/// </summary>
internal sealed class CommitFiles(ILogCommitManager files, bool isWrittenBySync) : ILogCommitManager
{
    private Action? _latest;
    private long _untilAddress;

    /// <summary>The last announced end of the committed log.</summary>
    public long UntilAddress => Volatile.Read(ref _untilAddress);

    /// <summary>Syncs the log, then writes the latest commit made before.</summary>
    public void Write(Action sync)
    {
        var latest = Interlocked.Exchange(ref _latest, null);
        sync();
        latest?.Invoke();
    }

    public void Commit(long beginAddress, long untilAddress, byte[] commitMetadata, long commitNum,
        bool forceWriteMetadata)
    {
        if (isWrittenBySync)
            Volatile.Write(ref _latest, WriteNow);
        else
            WriteNow();
        Volatile.Write(ref _untilAddress, untilAddress);

        void WriteNow() => files.Commit(beginAddress, untilAddress, commitMetadata, commitNum,
            forceWriteMetadata || isWrittenBySync);
    }

    public byte[] GetCommitMetadata(long commitNum) => files.GetCommitMetadata(commitNum);

    public IEnumerable<long> ListCommits() => files.ListCommits();

    public void RemoveCommit(long commitNum) => files.RemoveCommit(commitNum);

    public void RemoveAllCommits() => files.RemoveAllCommits();

    public void OnRecovery(long commitNum) => files.OnRecovery(commitNum);

    public void Dispose() => files.Dispose();
}
