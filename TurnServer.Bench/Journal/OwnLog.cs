using TurnServer.Journal;
using TurnServer.Journal.Disk;

namespace TurnServer.Bench.Journal;

/// <summary>
/// Writes segments as the server does: a record is a copy into memory, a mapped file's or, in mode Always, that of one
/// which is written when it is synced; the segment that follows is made by another thread in advance; a full one is
/// synced by whoever syncs.
/// </summary>
internal sealed class OwnLog : IRecordLog
{
    /// <summary>The number of the first segment.</summary>
    public const long FirstNumber = 1;

    private readonly StateDirectory _directory;
    private readonly int _segmentBytes;
    private readonly StateSync _sync;

    // Between the thread that appends, once a segment, and the one that syncs.
    private readonly Lock _turnOver = new();
    private readonly List<Segment> _full = [];
    private Segment _current;
    private Task<Segment> _next;

    public OwnLog(string directory, int segmentBytes, SyncMode mode)
    {
        _directory = StateDirectory.Acquire(directory, isSynced: mode != SyncMode.None);
        _segmentBytes = segmentBytes;
        _sync = mode switch
        {
            SyncMode.None => StateSync.None,
            SyncMode.Batch => StateSync.Batch,
            _ => StateSync.Always,
        };
        _current = Segment.Create(_directory, FirstNumber, segmentBytes, _sync);
        _next = Prepare(FirstNumber + 1);
    }

    /// <summary>The record that another segment follows.</summary>
    public static ReadOnlySpan<byte> Seal => [0xFF];

    public void Append(ReadOnlySpan<byte> record)
    {
        if (_current.Free < Frame.Size(record.Length) + Frame.Size(Seal.Length))
            GoOn();
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
        lock (_turnOver)
        {
            current = _current;
            _full.ForEach(full => full.Sync());
            _full.ForEach(full => full.Dispose());
            _full.Clear();
        }

        // Not taken away meanwhile: full segments are disposed of by the thread that syncs alone.
        current.Sync();
    }

    public void Dispose()
    {
        _full.ForEach(full => full.Dispose());
        _current.Dispose();
        _next.GetAwaiter().GetResult().Dispose();
        _directory.Dispose();
    }

    private void GoOn()
    {
        // Here the server would answer that it is busy.
        var next = _next.GetAwaiter().GetResult();
        Seal.CopyTo(_current.NextPayload);
        _current.Append(Seal.Length);
        lock (_turnOver)
        {
            if (_sync == StateSync.None)
                _current.Dispose();
            else
                _full.Add(_current);
            _current = next;
        }

        _next = Prepare(next.Number + 1);
    }

    private Task<Segment> Prepare(long number) => Task.Run(() => Segment.Create(_directory, number,
        _segmentBytes, _sync));
}
