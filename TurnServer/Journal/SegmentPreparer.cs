using System.Threading.Channels;

namespace TurnServer.Journal;

/// <summary>
/// Creates journal segments before they are needed. Owned by the preparing thread; before that thread starts and after
/// it has ended, by the one that starts and stops the server. Members that other threads use say so.
/// </summary>
internal sealed class SegmentPreparer(IStateDirectory directory, JournalOptions options, long lastNumber) : IDisposable
{
    // One is enough: it is created as soon as the previous one is taken, long before that is full.
    private readonly Channel<Segment> _prepared = Channel.CreateBounded<Segment>(1);

    private long _lastNumber = lastNumber;
    private volatile bool _isInMemory;

    /// <summary>Prepared segments, to be taken by the actor's thread.</summary>
    public ChannelReader<Segment> Prepared => _prepared.Reader;

    /// <summary>Whether the next segment is ready. Any thread.</summary>
    public bool HasPrepared => _prepared.Reader.Count > 0;

    /// <summary>The highest number in use by a segment or a snapshot. Any thread.</summary>
    public long LastNumber => Volatile.Read(ref _lastNumber);

    /// <summary>
    /// Whether new segments have no file, because the directory is lost. Set by the compacting thread.
    /// </summary>
    public bool IsInMemory
    {
        get => _isInMemory;
        set => _isInMemory = value;
    }

    /// <summary>Creates the next segment.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    public Segment Create()
    {
        var number = _lastNumber + 1;
        var segment = _isInMemory
            ? Segment.CreateInMemory(number, options.SegmentBytes, options.Sync)
            : Segment.Create(directory, number, options.SegmentBytes, options.Sync);
        // After its file exists: the compactor expects a file for every number up to this.
        Volatile.Write(ref _lastNumber, number);
        return segment;
    }

    /// <summary>Creates the next segment unless one is ready. Returns whether it did.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    public bool Prepare() => !HasPrepared && _prepared.Writer.TryWrite(Create());

    /// <summary>Completes when a segment is to be prepared; false once the store is disposed.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken stop) => _prepared.Writer.WaitToWriteAsync(stop);

    /// <summary>Discards the prepared segment, so that another is created. For the compacting thread.</summary>
    public void Discard()
    {
        if (_prepared.Reader.TryRead(out var segment))
            segment.Dispose();
    }

    public void Dispose()
    {
        _prepared.Writer.TryComplete();
        Discard();
    }
}
