using FASTER.core;

namespace TurnServer.Bench.Journal;

/// <summary>FasterLog of Microsoft.FASTER.Core.</summary>
/// <param name="name">What its row is called.</param>
/// <param name="hasChecksums">A checksum for each record, which also lets a commit be a record in the log. Without them
/// each commit is a file of its own, written and synced.</param>
internal sealed class FasterContender(string name, bool hasChecksums) : IContender
{
    private const string File = "records";

    // A record and its header fit a page, and a page is what is held and read at a time.
    private const long PageBytes = 1 << 18;
    private const long MemoryBytes = 32 * PageBytes;
    private const long SegmentBytes = 64 * PageBytes;

    // Not each time, as writing one takes as long as a sync.
    private const int CommitsPerFile = 250;

    public string Name => name;

    public IRecordLog Open(string directory, SyncMode mode)
    {
        // The devices that come with it sync every write, whatever is asked for.
        var path = Path.Combine(directory, File);
        var buffered = mode == SyncMode.Always || !hasChecksums ? null : new BufferedDevice(path);
        var device = buffered ?? Devices.CreateLogDevice(path);
        var commits = new CommitFiles(Commits(directory, isReader: false), isWrittenBySync: mode == SyncMode.Batch);
        var log = new FasterLog(Settings(device, commits, isReader: false));
        return new FasterRecordLog(log, device, buffered, commits);
    }

    public Reading ReadAll(string directory, bool powerWasLost)
    {
        try
        {
            using var device = Devices.CreateLogDevice(Path.Combine(directory, File));
            // As a reader it verifies every record; otherwise those of the last page are taken as they are.
            using var log = new FasterLog(Settings(device, Commits(directory, isReader: true), isReader: true));
            log.RecoverReadOnly();
            var records = new List<byte[]>();
            using var scan = log.Scan(log.BeginAddress, log.CommittedUntilAddress);
            while (scan.GetNext(out var entry, out _, out _))
                records.Add(entry);
            return new Reading(records, null);
        }
        // It throws what it happens to run into, of many types; what it does not throw is what is counted.
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
        // It would swallow every exception.
        TryRecoverLatest = false,
    };
}
