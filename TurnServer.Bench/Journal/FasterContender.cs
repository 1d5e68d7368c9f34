using FASTER.core;
using TurnServer.Journal;

namespace TurnServer.Bench.Journal;

/// <summary>FasterLog of Microsoft.FASTER.Core.</summary>
/// <param name="name">The label of its row.</param>
/// <param name="hasChecksums">
/// Whether each record has a checksum, which also allows commits as records in the log. Otherwise each commit is a
/// separate file, written and synced.
/// </param>
internal sealed class FasterContender(string name, bool hasChecksums) : IContender
{
    private const string File = "records";

    // The longest record and its header fit a page, the unit of buffering and reading.
    private const long PageBytes = 1 << 18;
    private const long MemoryBytes = 32 * PageBytes;
    private const long SegmentBytes = 64 * PageBytes;

    // Writing a commit file takes as long as a sync.
    private const int CommitsPerFile = 250;

    public string Name => name;

    public IRecordLog Open(string directory, StateSync sync)
    {
        // The library's own devices sync every write.
        var path = Path.Combine(directory, File);
        var buffered = sync == StateSync.Always || !hasChecksums ? null : new BufferedDevice(path);
        var device = buffered ?? Devices.CreateLogDevice(path);
        var commits = new CommitFiles(Commits(directory, isReader: false), isWrittenBySync: sync == StateSync.Batch);
        var log = new FasterLog(Settings(device, commits, isReader: false));
        return new FasterRecordLog(log, device, buffered, commits);
    }

    public ReadResult ReadAll(string directory, bool powerWasLost)
    {
        try
        {
            using var device = Devices.CreateLogDevice(Path.Combine(directory, File));
            // In read-only mode it verifies every record; otherwise not those of the last page.
            using var log = new FasterLog(Settings(device, Commits(directory, isReader: true), isReader: true));
            log.RecoverReadOnly();
            var records = new List<byte[]>();
            using var scan = log.Scan(log.BeginAddress, log.CommittedUntilAddress);
            while (scan.GetNext(out var entry, out _, out _))
                records.Add(entry);
            return new ReadResult(records, null);
        }
        // It throws many types; the benchmark counts what it does not throw at all.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new DamagedException(e.Message, e);
        }
    }

    public string TailFile(IEnumerable<string> names) =>
        names.Where(file => file.StartsWith(File, StringComparison.Ordinal)).OrderBy(Segment).Last();

    private static int Segment(string file) => int.Parse(Path.GetExtension(file).AsSpan(1), null);

    private DeviceLogCommitCheckpointManager Commits(string directory, bool isReader) =>
        new(new LocalStorageNamedDeviceFactory(), new DefaultCheckpointNamingScheme(directory),
            removeOutdated: !isReader, fastCommitThrottleFreq: hasChecksums ? CommitsPerFile : 0);

    private FasterLogSettings Settings(IDevice device, ILogCommitManager commits, bool isReader) => new()
    {
        LogDevice = device,
        LogCommitManager = commits,
        PageSize = PageBytes,
        MemorySize = MemoryBytes,
        SegmentSize = SegmentBytes,
        LogChecksum = hasChecksums ? LogChecksumType.PerEntry : LogChecksumType.None,
        FastCommitMode = hasChecksums,
        ReadOnlyMode = isReader,
        // It would suppress every exception.
        TryRecoverLatest = false,
    };
}

/// <summary>Commits each batch: until then a record is in process memory only.</summary>
/// <param name="log">The log.</param>
/// <param name="device">The device it writes to.</param>
/// <param name="buffered">The same device, if it leaves syncing to <see cref="Sync"/>.</param>
/// <param name="commits">Its commit files.</param>
internal sealed class FasterRecordLog(FasterLog log, IDevice device, BufferedDevice? buffered, CommitFiles commits)
    : IRecordLog
{
    private long _batchEnd;

    public void Append(ReadOnlySpan<byte> record) => log.Enqueue(record);

    public void EndBatch()
    {
        if (buffered is null)
        {
            // Waits for a signal; the library's synchronous wait spins and takes twice the CPU time.
            log.CommitAsync().AsTask().GetAwaiter().GetResult();
            return;
        }

        log.Commit();
        Volatile.Write(ref _batchEnd, log.TailAddress);
        // Usually this thread has written it; no need to wait for the completion on the pool.
        while (log.FlushedUntilAddress < log.TailAddress)
            Thread.Yield();
    }

    // Without the buffered device every commit was synced.
    public void Sync()
    {
        if (buffered is null)
            return;
        // The pool announces a commit a little after it is written.
        while (commits.UntilAddress < Volatile.Read(ref _batchEnd))
            Thread.Yield();
        commits.Write(buffered.Sync);
    }

    public void Dispose()
    {
        log.Dispose();
        commits.Dispose();
        device.Dispose();
    }
}
