using System.Threading.Channels;
using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>
/// A reply that may leave once what it promises is on the disk. The journal knows no more of the actor's replies.
/// </summary>
internal interface IDeferredReply
{
    /// <summary>Lets it leave. Called on a thread that others wait for.</summary>
    void Release();
}

/// <summary>
/// The journal as the actor's thread sees it: room is reserved before the rules are asked, so that what they have done
/// can always be recorded; and recording is a copy into memory that outlives the process.
/// </summary>
internal sealed class JournalWriter
{
    // More than a seal takes, for which there is always room.
    private const int SealBytesMax = 64;

    private readonly StateSettings _settings;
    private readonly ChannelReader<Segment> _prepared;

    // Bounded by the disk, and by the requests under way.
    private readonly Channel<Segment> _sealed = Channel.CreateUnbounded<Segment>();
    private readonly Channel<(long Position, IDeferredReply Reply)> _deferred =
        Channel.CreateUnbounded<(long, IDeferredReply)>();

    private readonly RecordWriter _records = new();
    private readonly StateSync _sync;
    private volatile Segment _current;
    private volatile bool _isStalled;
    private volatile string? _fault;
    private int _isDirty;
    private long _recordCount;

    /// <param name="first">A new segment.</param>
    /// <param name="prepared">Where the following ones come from.</param>
    /// <param name="settings">Under what the table is.</param>
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

    /// <summary>Segments that are full, the oldest first, for the thread that syncs.</summary>
    public ChannelReader<Segment> Sealed => _sealed.Reader;

    /// <summary>Replies that wait for a sync, the oldest first.</summary>
    public ChannelReader<(long Position, IDeferredReply Reply)> Deferred => _deferred.Reader;

    /// <summary>The segment that is written to.</summary>
    public Segment Current => _current;

    /// <summary>
    /// Whether there is no room: nothing can be recorded, and so nothing must be done. Any thread may look.
    /// </summary>
    public bool IsStalled => _isStalled;

    /// <summary>
    /// Why what is recorded would not survive a crash of the server, as its directory is lost; null: it would. Any
    /// thread may look.
    /// </summary>
    public string? Fault
    {
        get => _fault;
        set => _fault = value;
    }

    /// <summary>How many records have been made, and how many bytes they take. Any thread may look.</summary>
    public long RecordCount => Volatile.Read(ref _recordCount);

    /// <summary>See <see cref="RecordCount"/>.</summary>
    public long Position => _current is var segment ? segment.Base + segment.Written : 0;

    /// <summary>Told when there is something to sync, and not again before <see cref="TakeSignal"/>.</summary>
    public Action? Dirtied { get; set; }

    /// <summary>To be called by the thread that syncs, before it looks for work.</summary>
    public void TakeSignal() => Interlocked.Exchange(ref _isDirty, 0);

    /// <summary>
    /// Makes sure that there is room for a record with a body of so many bytes. False when there is none: then nothing
    /// may be done that would have to be recorded.
    /// </summary>
    public bool TryReserve(int bodyBytes, Table table)
    {
        // Once there was none for a long one, shorter ones must not slip by: all are refused, and it is told, until the
        // next segment is there.
        if (!_isStalled && _current.Free >= Frame.Size(RecordWriter.BytesBesideBody + bodyBytes) + SealBytesMax)
            return true;
        _isStalled = !TryGoOn(table);
        return !_isStalled;
    }

    /// <summary>Records a request that the table has just taken; room must have been reserved.</summary>
    public void Record(in Arrival arrival, Table table, TimeSpan now)
    {
        if (table.ChangedNothing)
            Record(RecordKind.Refused, now);
        else
            Append(_records.Write(arrival, table.KeysDrawn, now, _current.NextPayload));
    }

    /// <summary>The same, for what is no more than a kind.</summary>
    public void Record(RecordKind kind, TimeSpan now) => Append(_records.Write(kind, now, _current.NextPayload));

    /// <summary>The same, for a suspension.</summary>
    public void Record(in Suspension suspension, TimeSpan now) =>
        Append(_records.Write(suspension, now, _current.NextPayload));

    /// <summary>Lets a reply leave as soon as what has been recorded is as safe as it has to be.</summary>
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

    /// <summary>Goes on in the next segment before this one is full; false when there is none.</summary>
    public bool TryStartNextSegment(Table table)
    {
        if (!TryGoOn(table))
            return false;
        _isStalled = false;
        return true;
    }

    private bool TryGoOn(Table table)
    {
        if (!_prepared.TryRead(out var next))
            return false;
        var full = _current;
        Append(_records.WriteSeal(table, full.NextPayload));
        next.Base = full.Base + full.Written;
        // Before the next one is to be seen: who syncs that has this one to sync first.
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

    // An exchange, not a look and then a write: who syncs takes the mark away and then looks what there is.
    private void Signal()
    {
        if (Interlocked.Exchange(ref _isDirty, 1) == 0)
            Dirtied?.Invoke();
    }
}
