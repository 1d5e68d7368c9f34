using System.Threading.Channels;
using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>
/// A state that outlives the process: read back when the server starts, recorded while it runs, and kept small. Its
/// parts that take time are called by <see cref="StateWorkers"/>, each on a thread of its own.
/// </summary>
internal sealed partial class StateStore : IDisposable
{
    /// <summary>The number of the first segment and the first snapshot of all.</summary>
    public const long FirstNumber = 1;

    private readonly IStateDirectory _directory;
    private readonly JournalOptions _options;
    private readonly StateSettings _settings;
    private readonly RecoveredState? _recovered;

    // One is enough: it is asked for when the one before is begun, and made long before that is full.
    private readonly Channel<Segment> _prepared = Channel.CreateBounded<Segment>(1);
    private JournalWriter? _journal;
    private long _snapshotNumber;
    private long _snapshotBytes;
    private long _lastNumber;
    private long _syncedPosition;

    private StateStore(IStateDirectory directory, JournalOptions options, StateSettings settings,
        RecoveredState? recovered, Table table)
    {
        _directory = directory;
        _options = options;
        _settings = settings;
        _recovered = recovered;
        _lastNumber = recovered?.LastNumber ?? FirstNumber - 1;
        Table = table;
    }

    /// <summary>The table, as it was and goes on.</summary>
    public Table Table { get; }

    /// <summary>How many requests were replayed; null when there was no state.</summary>
    public long? RequestsReplayed => _recovered?.Requests;

    /// <summary>What was left out at the end of the journal, a line each.</summary>
    public IReadOnlyList<string> Warnings => _recovered?.Warnings ?? [];

    /// <summary>The journal, once it has been begun.</summary>
    public JournalWriter Journal => _journal ?? throw new InvalidOperationException("The journal is not begun.");

    /// <summary>How long the latest snapshot is, in bytes. Any thread may look.</summary>
    public long SnapshotBytes => Volatile.Read(ref _snapshotBytes);

    /// <summary>The number of the latest snapshot. For the thread that makes them.</summary>
    public long SnapshotNumber => _snapshotNumber;

    /// <summary>Whether the next segment is there already. Any thread may look.</summary>
    public bool HasPrepared => _prepared.Reader.Count > 0;

    /// <summary>How much of all that was recorded has been synced, in bytes. For the thread that syncs.</summary>
    public long SyncedPosition => _syncedPosition;

    /// <summary>Reads the state, and changes nothing of it.</summary>
    /// <param name="directory">Where it is; the store's from now on.</param>
    /// <param name="options">How it is kept.</param>
    /// <param name="settings">Under what the table goes on.</param>
    /// <param name="keys">
    /// Makes the source that it draws keys from, of the last one that was drawn; null when none was, or none that
    /// counts up.
    /// </param>
    /// <exception cref="StateException">It cannot be used.</exception>
    public static StateStore Open(IStateDirectory directory, JournalOptions options, StateSettings settings,
        Func<ulong?, IKeySource> keys)
    {
        RecoveredState? recovered;
        try
        {
            recovered = Recovery.Read(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StateException($"the state in {directory.Path} cannot be read: {StateException.Reason(e)}.", e);
        }

        if (recovered is null)
            return new StateStore(directory, options, settings, null, new Table(settings.Rules, keys(null)));
        var goesOnCounting = recovered.Settings.HasSequentialKeys && recovered.Table.LastKey > 0;
        var source = keys(goesOnCounting ? recovered.Table.LastKey : null);
        var table = recovered.Settings.Rules == settings.Rules
            ? recovered.Table
            : UnderOtherRules(recovered.Table, settings.Rules, source);
        table.Resume(source, options.GraceUnder(settings.Rules));
        return new StateStore(directory, options, settings, recovered, table);
    }

    /// <summary>
    /// Puts the whole table on record and begins a journal behind it; what was there before is deleted then.
    /// </summary>
    /// <exception cref="StateException">There is no room for it, or it cannot be written.</exception>
    public void Begin()
    {
        try
        {
            // The journal first: a snapshot whose segment is missing is refused.
            var first = Segment.Create(_directory, ++_lastNumber, _options.SegmentBytes, _options.Sync);
            _journal = new JournalWriter(first, _prepared.Reader, _settings, _options.Sync, Table.Now);
            if (_options.Sync != StateSync.None)
                first.Sync();
            WriteSnapshot(_lastNumber, isFinal: false, Table);
            DeleteBefore(_lastNumber);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Abandon();
            ForgetSegment(_lastNumber);
            throw new StateException($"the state directory {_directory.Path} cannot be written: "
                + $"{StateException.Reason(e)}. It needs room for the games and {2 * _options.SegmentBytes >> 20} MiB "
                + "beside them.", e);
        }
    }

    /// <summary>Makes the segment that follows, unless it is there already. False when it was.</summary>
    /// <exception cref="IOException">There is no room for it.</exception>
    public bool Prepare()
    {
        if (HasPrepared)
            return false;
        var number = _lastNumber + 1;
        var segment = _isDetached
            ? Segment.CreateInMemory(number, _options.SegmentBytes, _options.Sync)
            : Segment.Create(_directory, number, _options.SegmentBytes, _options.Sync);
        Volatile.Write(ref _lastNumber, number);
        _prepared.Writer.TryWrite(segment);
        return true;
    }

    /// <summary>Completes once a segment is to be prepared.</summary>
    public ValueTask<bool> WaitToPrepareAsync(CancellationToken stop) => _prepared.Writer.WaitToWriteAsync(stop);

    /// <summary>
    /// Brings to the disk what has been recorded, and lets the replies leave that have waited for it. Returns the
    /// numbers of the segments that are full and done with.
    /// </summary>
    /// <exception cref="IOException">
    /// The disk failed. Whatever it holds now, the table in memory must not go on: the process is to end.
    /// </exception>
    public List<long> Sync()
    {
        var journal = Journal;
        journal.TakeSignal();
        var current = journal.Current;
        var done = new List<long>();
        while (journal.Sealed.TryPeek(out var full) && full.Number < current.Number)
        {
            journal.Sealed.TryRead(out _);
            if (_options.Sync != StateSync.None)
                full.Sync();
            full.Dispose();
            done.Add(full.Number);
        }

        if (_options.Sync != StateSync.None && current.Base + current.Written > _syncedPosition)
            _syncedPosition = current.Base + current.Sync();
        while (journal.Deferred.TryPeek(out var deferred) && deferred.Position <= _syncedPosition)
        {
            journal.Deferred.TryRead(out _);
            deferred.Reply.Release();
        }

        return done;
    }

    /// <summary>
    /// Makes one snapshot of the latest and the segments up to this one, which must be full, and deletes those. The
    /// table that plays is not asked: what it was then comes out by replaying.
    /// </summary>
    /// <exception cref="IOException">There is no room for it; everything is as it was.</exception>
    /// <exception cref="StateDamagedException">What was recorded cannot be read back.</exception>
    public void Compact(long lastFull)
    {
        Snapshot snapshot;
        using (var stream = _directory.Open(StateFileNames.Snapshot(_snapshotNumber)))
            snapshot = ReadBack(stream, _snapshotNumber);
        var replay = new Replay(snapshot.Table, snapshot.Keys, snapshot.Settings);
        for (var number = _snapshotNumber; number <= lastFull; number++)
        {
            var name = StateFileNames.Segment(number);
            if (!new RecordedSegment(_directory, name, number).Replay(replay))
                throw Recovery.Damage(_directory, name, "its end is missing");
        }

        WriteSnapshot(lastFull + 1, isFinal: false, snapshot.Table);
        DeleteBefore(lastFull + 1);
    }

    /// <summary>Puts the table on record as the server stops, so that nothing has to be replayed. To be called last.
    /// </summary>
    /// <exception cref="IOException">There is no room for it; the journal has it all.</exception>
    /// <exception cref="StateException">The directory was lost, and cannot be taken again.</exception>
    public void Finish()
    {
        _directory.Reacquire();
        WriteSnapshot(++_lastNumber, isFinal: true, Table);
        Abandon();
        DeleteBefore(_lastNumber);
    }

    /// <summary>Lets go of the directory. What was recorded stays.</summary>
    public void Dispose()
    {
        Abandon();
        _directory.Dispose();
    }

    private static Table UnderOtherRules(Table table, RulesOptions rules, IKeySource keys)
    {
        var reader = new TableSnapshotReader(rules, keys);
        table.WriteSnapshot(reader.Take);
        return reader.Finish();
    }

    private Snapshot ReadBack(Stream stream, long number)
    {
        try
        {
            return Snapshot.Read(stream, number);
        }
        catch (CorruptStateException e)
        {
            throw Recovery.Damage(_directory, StateFileNames.Snapshot(number), $"it has {e.Message}", e);
        }
    }

    private void WriteSnapshot(long number, bool isFinal, Table table) =>
        WriteSnapshot(number, stream => Snapshot.Write(stream, number, isFinal, _settings, table));

    private void WriteSnapshot(long number, Action<Stream> write)
    {
        Volatile.Write(ref _snapshotBytes, _directory.Write(StateFileNames.Snapshot(number), write));
        _snapshotNumber = number;
    }

    private void DeleteBefore(long number)
    {
        foreach (var name in _directory.List())
        {
            var itsNumber = StateFileNames.SnapshotNumber(name) ?? StateFileNames.SegmentNumber(name);
            if (itsNumber < number || StateFileNames.IsNew(name))
                _directory.Delete(name);
        }
    }

    // Without a snapshot it is of no use, and each start that is refused would leave another.
    private void ForgetSegment(long number)
    {
        try
        {
            if (!_directory.List().Contains(StateFileNames.Snapshot(number)))
                _directory.Delete(StateFileNames.Segment(number));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first error is the one to report.
        }
    }

    private void Abandon()
    {
        _journal?.Current.Dispose();
        _journal = null;
        _prepared.Writer.TryComplete();
        while (_prepared.Reader.TryRead(out var segment))
            segment.Dispose();
    }
}
