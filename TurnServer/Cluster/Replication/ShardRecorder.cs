using System.Threading.Channels;
using TurnServer.Journal;
using TurnServer.Rules;
using TurnServer.Rules.Shards;

namespace TurnServer.Cluster.Replication;

/// <summary>
/// Collects the records of a shard's owner in batches, and keeps each reply until the batch with its record is in the
/// log. While one batch is being appended the next one collects: under load batches are large, at rest each is a single
/// record. The actor's thread records; <see cref="ShardAppender"/> takes the batches.
/// </summary>
internal sealed class ShardRecorder : IRecorder
{
    // What collects while the store does not answer, until requests are refused: several seconds at full load.
    private const int PendingBytesMax = 4 * 1024 * 1024;

    // Left free in the log, for the batch that hands over.
    private const int BatchesReserved = 2;

    private readonly Lock _gate = new();
    private readonly RecordWriter _records = new();
    private readonly Channel<bool> _recorded = Channel.CreateBounded<bool>(1);
    private readonly int _capacity;

    // All below are guarded by the gate, except that the actor's thread alone writes into the open batch.
    private readonly Queue<(long Position, IDeferredReply Reply)> _deferred = [];
    private readonly Queue<RecordBatch> _full = [];
    private readonly Stack<RecordBatch> _spare = [];
    private RecordBatch _open;
    private long _recordedPosition;
    private long _storedPosition;
    private int _pendingBytes;
    private bool _isSignalled;
    private bool _isComplete;
    private Exception? _fence;

    // Read by any thread.
    private volatile bool _isStalled;
    private volatile bool _isUnavailable;
    private long _snapshotPosition;

    /// <param name="position">The position of the last batch, by which the owner took over.</param>
    /// <param name="snapshotPosition">The position of the latest snapshot; 0: none.</param>
    /// <param name="capacity">See <see cref="IShardLog.Capacity"/>.</param>
    public ShardRecorder(long position, long snapshotPosition, int capacity)
    {
        _storedPosition = _recordedPosition = position;
        _snapshotPosition = snapshotPosition;
        _capacity = capacity;
        _open = new RecordBatch { Position = position + 1 };
    }

    /// <inheritdoc/>
    public bool IsStalled => _isStalled || _isUnavailable;

    /// <inheritdoc/>
    public string? Fault => null;

    /// <summary>Whether appending fails for so long that requests are refused. Set by the appender.</summary>
    public bool IsUnavailable
    {
        get => _isUnavailable;
        set => _isUnavailable = value;
    }

    /// <summary>The position of the latest snapshot. Any thread; set by the thread that writes snapshots.</summary>
    public long SnapshotPosition
    {
        get => Volatile.Read(ref _snapshotPosition);
        set => Volatile.Write(ref _snapshotPosition, value);
    }

    /// <summary>The last batch that is in the log. Any thread.</summary>
    public long StoredPosition
    {
        get
        {
            lock (_gate)
                return _storedPosition;
        }
    }

    /// <summary>The batch that holds the last record. For tests.</summary>
    public long RecordedPosition
    {
        get
        {
            lock (_gate)
                return _recordedPosition;
        }
    }

    /// <inheritdoc/>
    public bool TryReserve(int bodyBytes, Table table)
    {
        var bytes = BatchContent.LengthBytes + RecordWriter.BytesBesideBody + bodyBytes;
        lock (_gate)
        {
            _isStalled = _fence is not null || _isUnavailable || _pendingBytes + bytes > PendingBytesMax
                || _open.Position + BatchesReserved - SnapshotPosition >= _capacity;
            if (_isStalled)
                return false;
            if (_open.Length + bytes > LogBatch.BytesMax)
                Close();
            // Under the gate: a batch that the appender takes is never the one that is being written to.
            _open.IsBeingWritten = true;
            return true;
        }
    }

    /// <inheritdoc/>
    public void Record(in Arrival arrival, Table table, TimeSpan now)
    {
        if (table.ChangedNothing)
            Record(RecordKind.Refused, now);
        else
            Append(_records.Write(arrival, table.KeysDrawn, now, NextRecord(arrival.Body.Length)));
    }

    /// <inheritdoc/>
    public void RecordMessages(ReadOnlySpan<byte> frame, Table table, TimeSpan now) => Append(
        _records.WriteMessages(frame, table.KeysDrawn, now,
            NextRecord(ShardFrame.RecordBytes(frame.Length, table.KeysDrawn.Length))));

    /// <inheritdoc/>
    public void Record(RecordKind kind, TimeSpan now) => Append(_records.Write(kind, now, NextRecord(0)));

    /// <inheritdoc/>
    public void Record(in Suspension suspension, TimeSpan now) =>
        Append(_records.Write(suspension, now, NextRecord(0)));

    /// <inheritdoc/>
    public void ReleaseWhenDurable(IDeferredReply reply)
    {
        Exception? fence;
        lock (_gate)
        {
            fence = _fence;
            if (fence is null && _recordedPosition > _storedPosition)
            {
                _deferred.Enqueue((_recordedPosition, reply));
                return;
            }
        }

        if (fence is null)
            reply.Release();
        else
            reply.Fail(fence);
    }

    /// <summary>Waits until there is a batch to take, or there will be none. For the appender.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken stop) => _recorded.Reader.ReadAsync(stop);

    /// <summary>The oldest batch that has not been taken; null when there is none. For the appender.</summary>
    public RecordBatch? Take()
    {
        lock (_gate)
        {
            _isSignalled = false;
            if (_full.Count == 0 && _open.Length > BatchContent.HeadBytes && !_open.IsBeingWritten)
                Close();
            return _full.TryDequeue(out var batch) ? batch : null;
        }
    }

    /// <summary>Whether there will be no more records. For the appender.</summary>
    public bool IsComplete
    {
        get
        {
            lock (_gate)
                return _isComplete && _full.Count == 0 && _open.Length == BatchContent.HeadBytes;
        }
    }

    /// <summary>
    /// Notes that a batch is in the log, and releases the replies that waited for that. For the appender.
    /// </summary>
    public void Stored(RecordBatch batch)
    {
        lock (_gate)
        {
            _storedPosition = batch.Position;
            _pendingBytes -= batch.Length - BatchContent.HeadBytes;
            batch.Clear();
            _spare.Push(batch);
        }

        while (TryTakeDeferred(out var reply))
            reply.Release();
    }

    /// <summary>Says that nothing more will be recorded. Once the actor has ended.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _isComplete = true;
            Signal();
        }
    }

    /// <summary>
    /// Refuses all further records, and gives up the replies that wait: another server owns the shard. What was
    /// recorded and is not in the log will never be.
    /// </summary>
    public void Fence(Exception reason)
    {
        List<IDeferredReply> given = [];
        lock (_gate)
        {
            _fence = reason;
            _isStalled = true;
            while (_deferred.TryDequeue(out var deferred))
                given.Add(deferred.Reply);
        }

        foreach (var reply in given)
            reply.Fail(reason);
    }

    private bool TryTakeDeferred(out IDeferredReply reply)
    {
        lock (_gate)
        {
            if (_deferred.TryPeek(out var deferred) && deferred.Position <= _storedPosition)
            {
                reply = _deferred.Dequeue().Reply;
                return true;
            }
        }

        reply = null!;
        return false;
    }

    // By the actor's thread, between TryReserve and Append.
    private Span<byte> NextRecord(int bodyBytes)
    {
        if (_open.Length == BatchContent.HeadBytes)
            _records.BeginBatch();
        var bytes = BatchContent.LengthBytes + RecordWriter.BytesBesideBody + bodyBytes;
        return _open.Free(bytes)[BatchContent.LengthBytes..];
    }

    private void Append(int recordBytes)
    {
        lock (_gate)
        {
            _pendingBytes += _open.Append(recordBytes);
            _recordedPosition = _open.Position;
            _open.IsBeingWritten = false;
            Signal();
        }
    }

    private void Close()
    {
        var next = _spare.TryPop(out var spare) ? spare : new RecordBatch();
        next.Position = _open.Position + 1;
        _full.Enqueue(_open);
        _open = next;
    }

    private void Signal()
    {
        if (_isSignalled)
            return;
        _isSignalled = true;
        _recorded.Writer.TryWrite(true);
    }
}

/// <summary>Records that are appended to the log at once.</summary>
internal sealed class RecordBatch
{
    private byte[] _bytes = new byte[4096];

    public RecordBatch() => Clear();

    /// <summary>Its place in the log.</summary>
    public long Position { get; set; }

    /// <summary>Its length, in bytes.</summary>
    public int Length { get; private set; }

    /// <summary>Whether a record is being added.</summary>
    public bool IsBeingWritten { get; set; }

    public ReadOnlyMemory<byte> Content => _bytes.AsMemory(0, Length);

    /// <summary>Room for so many bytes.</summary>
    public Span<byte> Free(int bytes)
    {
        if (_bytes.Length - Length < bytes)
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, Length + bytes));
        return _bytes.AsSpan(Length);
    }

    /// <summary>Adds the record that has been written behind room for its length. Returns the bytes added.</summary>
    public int Append(int recordBytes)
    {
        BatchContent.WriteLength(_bytes.AsSpan(Length), recordBytes);
        Length += BatchContent.LengthBytes + recordBytes;
        return BatchContent.LengthBytes + recordBytes;
    }

    public void Clear()
    {
        BatchContent.WriteRecordsHead(_bytes);
        Length = BatchContent.HeadBytes;
    }
}
