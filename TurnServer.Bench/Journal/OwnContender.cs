using TurnServer.Journal;
using TurnServer.Journal.Disk;

namespace TurnServer.Bench.Journal;

/// <summary>The server's own segments and frames and their reader, without a table.</summary>
internal sealed class OwnContender(string name, int segmentBytes) : IContender
{
    public string Name => name;

    public IRecordLog Open(string directory, StateSync sync) => new OwnLog(directory, segmentBytes, sync);

    public ReadResult ReadAll(string directory, bool powerWasLost)
    {
        var records = new List<byte[]>();
        try
        {
            using var state = new ReadOnlyStateDirectory(directory, powerWasLost);
            var numbers = state.List().Select(StateFileNames.SegmentNumber).OfType<long>().Order().ToList();
            for (var number = StateStore.FirstNumber; ; number++)
            {
                if (!numbers.Contains(number))
                    throw new DamagedException($"{StateFileNames.Segment(number)} is missing");
                var segment = new RecordedSegment(state, StateFileNames.Segment(number), number);
                if (segment.Replay(record => Add(record, records)))
                    continue;
                if (numbers.Where(later => later > number).All(later => IsUnused(state, later)))
                    return new ReadResult(records, segment.DiscardedTail);
                if (!segment.MayLackRecords)
                    throw new DamagedException($"{StateFileNames.Segment(number)}: its end is missing");
                return new ReadResult(records, "power loss took the end of a segment that others follow");
            }
        }
        catch (StateException e)
        {
            throw new DamagedException(e.Message, e);
        }
    }

    public string TailFile(IEnumerable<string> names) =>
        names.Where(file => StateFileNames.SegmentNumber(file) > 0).MaxBy(StateFileNames.SegmentNumber)!;

    private static bool IsUnused(ReadOnlyStateDirectory state, long number) =>
        new RecordedSegment(state, StateFileNames.Segment(number), number).IsUnused;

    // Returns whether it is the seal of its segment.
    private static bool Add(ReadOnlyMemory<byte> record, List<byte[]> records)
    {
        if (record.Span.SequenceEqual(OwnLog.Seal))
            return true;
        records.Add(record.ToArray());
        return false;
    }
}

/// <summary>
/// Writes segments as the server does: another thread prepares the next one, and the syncing thread syncs full ones.
/// </summary>
internal sealed class OwnLog : IRecordLog
{
    private readonly StateDirectory _directory;
    private readonly int _segmentBytes;
    private readonly StateSync _sync;

    // Between the appending thread, once a segment, and the syncing thread.
    private readonly Lock _switching = new();
    private readonly List<Segment> _full = [];
    private Segment _current;
    private Task<Segment> _next;

    public OwnLog(string directory, int segmentBytes, StateSync sync)
    {
        _directory = StateDirectory.Acquire(directory, isSynced: sync != StateSync.None);
        _segmentBytes = segmentBytes;
        _sync = sync;
        _current = Segment.Create(_directory, StateStore.FirstNumber, segmentBytes, _sync);
        _next = PrepareAsync(StateStore.FirstNumber + 1);
    }

    /// <summary>The last record of a segment that another follows.</summary>
    public static ReadOnlySpan<byte> Seal => [0xFF];

    public void Append(ReadOnlySpan<byte> record)
    {
        if (_current.Free < Frame.Size(record.Length) + Frame.Size(Seal.Length))
            StartNextSegment();
        record.CopyTo(_current.NextPayload);
        _current.Append(record.Length);
    }

    public void EndBatch()
    {
        if (_sync == StateSync.Always)
            Sync();
    }

    public void Sync()
    {
        Segment current;
        lock (_switching)
        {
            current = _current;
            _full.ForEach(full => full.Sync());
            _full.ForEach(full => full.Dispose());
            _full.Clear();
        }

        // Not disposed meanwhile: only the syncing thread disposes full segments.
        current.Sync();
    }

    public void Dispose()
    {
        _full.ForEach(full => full.Dispose());
        _current.Dispose();
        _next.GetAwaiter().GetResult().Dispose();
        _directory.Dispose();
    }

    private void StartNextSegment()
    {
        // The server would refuse requests instead of waiting.
        var next = _next.GetAwaiter().GetResult();
        Seal.CopyTo(_current.NextPayload);
        _current.Append(Seal.Length);
        lock (_switching)
        {
            if (_sync == StateSync.None)
                _current.Dispose();
            else
                _full.Add(_current);
            _current = next;
        }

        _next = PrepareAsync(next.Number + 1);
    }

    private Task<Segment> PrepareAsync(long number) =>
        Task.Run(() => Segment.Create(_directory, number, _segmentBytes, _sync));
}

/// <summary>A state directory to be read only, with or without a reboot since it was written.</summary>
internal sealed class ReadOnlyStateDirectory(string path, bool hasRebooted) : IStateDirectory
{
    public string Path => path;

    // Empty means unknown, which counts as another boot.
    public Guid BootId { get; } = hasRebooted
        ? Guid.Empty
        : Guid.Parse(File.ReadAllText("/proc/sys/kernel/random/boot_id"));

    public IReadOnlyList<string> List() => [.. Directory.EnumerateFiles(path).Select(System.IO.Path.GetFileName)!];

    public IReadOnlyList<string> ListNonFiles() => [];

    public byte[] ReadAll(string name) => File.ReadAllBytes(System.IO.Path.Combine(path, name));

    public ISegmentFile Create(string name, int bytes, bool isMapped) => throw new NotSupportedException();

    public Stream Open(string name) => throw new NotSupportedException();

    public long Write(string name, Action<Stream> write) => throw new NotSupportedException();

    public void Delete(string name) => throw new NotSupportedException();

    public DirectoryLoss DetectLoss() => DirectoryLoss.None;

    public void Reacquire() => throw new NotSupportedException();

    public void Dispose()
    {
        // Holds nothing.
    }
}
