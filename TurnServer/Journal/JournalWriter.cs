using System.Threading.Channels;
using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>
/// Appends records to the write-ahead journal. Owned by the actor's thread; members that other threads use say so.
/// Space is reserved before the rules are applied, so that their result can always be recorded; recording is a copy
/// into memory that outlives the process.
/// </summary>
internal sealed class JournalWriter : IRecorder
{
    // A seal takes less; there is always space for one.
    private const int SealBytesMax = 64;

    private readonly StateSettings _settings;
    private readonly ChannelReader<Segment> _prepared;

    // Unbounded: the disk limits the segments, and the requests in flight limit the replies.
    private readonly Channel<Segment> _sealed = Channel.CreateUnbounded<Segment>();
    private readonly Channel<(long Position, IDeferredReply Reply)> _deferred =
        Channel.CreateUnbounded<(long, IDeferredReply)>();

    private readonly RecordWriter _records = new();
    private readonly StateSync _sync;

    // Written by the actor's thread, read by any.
    private volatile Segment _current;
    private volatile bool _isStalled;
    private long _recordCount;

    // Written by the compacting thread, read by any.
    private volatile string? _fault;

    // Set by the actor's thread, cleared by the syncing thread.
    private int _isDirty;

    /// <param name="first">A new segment.</param>
    /// <param name="prepared">The segments that follow.</param>
    /// <param name="settings">The table's settings.</param>
    /// <param name="sync">When replies may leave.</param>
    /// <param name="now">The table's time.</param>
    public JournalWriter(Segment first, ChannelReader<Segment> prepared, StateSettings settings, StateSync sync,
        TimeSpan now)
    {
        _current = first;
        _prepared = prepared;
        _settings = settings;
        _sync = sync;
        Append(_records.WriteHead(settings, now, first.NextPayload));
    }

    /// <summary>Full segments, oldest first. For the syncing thread.</summary>
    public ChannelReader<Segment> Sealed => _sealed.Reader;

    /// <summary>Replies that wait for a sync, oldest first. For the syncing thread.</summary>
    public ChannelReader<(long Position, IDeferredReply Reply)> Deferred => _deferred.Reader;

    /// <summary>The segment being written. Any thread.</summary>
    public Segment Current => _current;

    /// <inheritdoc/>
    public bool IsStalled => _isStalled;

    /// <summary>
    /// Why records would not survive a crash of the server, when its directory is lost; otherwise null. Any thread.
    /// </summary>
    public string? Fault
    {
        get => _fault;
        set => _fault = value;
    }

    /// <summary>How many records have been appended. Any thread.</summary>
    public long RecordCount => Volatile.Read(ref _recordCount);

    /// <summary>How many bytes the records take, over all segments. Any thread.</summary>
    public long Position => _current is var segment ? segment.Start + segment.Written : 0;

    /// <summary>
    /// Called when there is something to sync, once until the next <see cref="ClearSignal"/>. Set before the actor
    /// starts.
    /// </summary>
    public Action? Dirtied { get; set; }

    /// <summary>To be called by the syncing thread before it looks for work.</summary>
    public void ClearSignal() => Interlocked.Exchange(ref _isDirty, 0);

    /// <inheritdoc/>
    public bool TryReserve(int bodyBytes, Table table)
    {
        // Once a long record did not fit, short ones are refused too until the next segment is there.
        if (!_isStalled && _current.Free >= Frame.Size(RecordWriter.BytesBesideBody + bodyBytes) + SealBytesMax)
            return true;
        _isStalled = !TryStartNextSegment(table);
        return !_isStalled;
    }

    /// <inheritdoc/>
    public void Record(in Arrival arrival, Table table, TimeSpan now)
    {
        if (table.ChangedNothing)
            Record(RecordKind.Refused, now);
        else
            Append(_records.Write(arrival, table.KeysDrawn, now, _current.NextPayload));
    }

    /// <inheritdoc/>
    public void RecordMessages(ReadOnlySpan<byte> frame, Table table, TimeSpan now) =>
        Append(_records.WriteMessages(frame, table.KeysDrawn, now, _current.NextPayload));

    /// <inheritdoc/>
    public void Record(RecordKind kind, TimeSpan now) => Append(_records.Write(kind, now, _current.NextPayload));

    /// <inheritdoc/>
    public void Record(in Suspension suspension, TimeSpan now) =>
        Append(_records.Write(suspension, now, _current.NextPayload));

    /// <inheritdoc/>
    public void ReleaseWhenDurable(IDeferredReply reply)
    {
        if (_sync != StateSync.Always)
        {
            reply.Release();
            return;
        }

        _deferred.Writer.TryWrite((Position, reply));
        Signal();
    }

    /// <summary>
    /// Starts the next segment and captures the table as it is before that segment's first record. Null when no
    /// segment is prepared.
    /// </summary>
    public Checkpoint? TakeCheckpoint(Table table)
    {
        if (!TryStartNextSegment(table))
            return null;
        _isStalled = false;
        var image = new MemoryStream();
        Snapshot.Write(image, _current.Number, isFinal: false, _settings, table);
        return new Checkpoint(_current.Number, image);
    }

    private bool TryStartNextSegment(Table table)
    {
        if (!_prepared.TryRead(out var next))
            return false;
        var full = _current;
        Append(_records.WriteSeal(table, full.NextPayload));
        next.Start = full.Start + full.Written;
        // Before the next one becomes visible: the syncing thread must sync this one first.
        _sealed.Writer.TryWrite(full);
        _current = next;
        Append(_records.WriteHead(_settings, table.Now, next.NextPayload));
        Signal();
        return true;
    }

    private void Append(int payloadBytes)
    {
        _current.Append(payloadBytes);
        Volatile.Write(ref _recordCount, _recordCount + 1);
        if (_sync == StateSync.Batch)
            Signal();
    }

    // An exchange rather than a read and a write: the syncing thread clears the mark first and looks for work second.
    private void Signal()
    {
        if (Interlocked.Exchange(ref _isDirty, 1) == 0)
            Dirtied?.Invoke();
    }
}

/// <summary>A table as it was before the first record of a segment.</summary>
/// <param name="Number">The segment's number.</param>
/// <param name="Image">The content of the snapshot with that number.</param>
internal sealed record Checkpoint(long Number, MemoryStream Image);
