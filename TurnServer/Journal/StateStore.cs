using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>
/// A table that outlives the process: recovered at start, recorded while the server runs, and kept compact. The store
/// itself belongs to the thread that starts and stops the server; each of its parts belongs to one other thread:
/// <see cref="Journal"/> to the actor's, <see cref="Preparer"/>, <see cref="Syncer"/> and <see cref="Compactor"/> each
/// to one of <see cref="StateWorkers"/>.
/// </summary>
internal sealed class StateStore : IDisposable
{
    /// <summary>The number of the very first segment and snapshot.</summary>
    public const long FirstNumber = 1;

    private readonly JournalOptions _options;
    private readonly StateSettings _settings;
    private readonly RecoveredState? _recovered;
    private JournalWriter? _journal;
    private SegmentSyncer? _syncer;

    private StateStore(IStateDirectory directory, JournalOptions options, StateSettings settings,
        RecoveredState? recovered, Table table)
    {
        Directory = directory;
        _options = options;
        _settings = settings;
        _recovered = recovered;
        Table = table;
        Preparer = new SegmentPreparer(directory, options, recovered?.LastNumber ?? FirstNumber - 1);
        Compactor = new Compactor(directory, settings);
    }

    /// <summary>The live table.</summary>
    public Table Table { get; }

    /// <summary>Where the state is.</summary>
    public IStateDirectory Directory { get; }

    /// <summary>How many requests recovery replayed; null when there was no state.</summary>
    public long? RequestsReplayed => _recovered?.Requests;

    /// <summary>What recovery discarded at the end of the journal, a line each.</summary>
    public IReadOnlyList<string> Warnings => _recovered?.Warnings ?? [];

    /// <summary>Creates segments ahead of need.</summary>
    public SegmentPreparer Preparer { get; }

    /// <summary>Replaces full segments by snapshots.</summary>
    public Compactor Compactor { get; }

    /// <summary>The journal, after <see cref="Begin"/>.</summary>
    public JournalWriter Journal => _journal ?? throw NotBegun();

    /// <summary>Syncs the journal, after <see cref="Begin"/>.</summary>
    public SegmentSyncer Syncer => _syncer ?? throw NotBegun();

    /// <summary>Recovers the state without changing anything in the directory.</summary>
    /// <param name="directory">Where it is; owned by the store from now on.</param>
    /// <param name="options">How to keep it.</param>
    /// <param name="settings">The settings that the table continues under.</param>
    /// <param name="keys">
    /// Creates the source of new keys, given the last key drawn; null when none was, or when keys are not sequential.
    /// </param>
    /// <exception cref="StateException">The state cannot be used.</exception>
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
            throw new StateException($"cannot read the state in {directory.Path}: {StateException.Reason(e)}.", e);
        }

        if (recovered is null)
            return new StateStore(directory, options, settings, null, new Table(settings.Rules, keys(null)));
        var continuesCount = recovered.Settings.HasSequentialKeys && recovered.Table.LastKey > 0;
        var source = keys(continuesCount ? recovered.Table.LastKey : null);
        var table = recovered.Settings.Rules == settings.Rules
            ? recovered.Table
            : recovered.Table.CopyWithRules(settings.Rules, source);
        table.Resume(source, options.GraceUnder(settings.Rules));
        return new StateStore(directory, options, settings, recovered, table);
    }

    /// <summary>Writes a snapshot, begins a journal after it, and deletes all earlier files.</summary>
    /// <exception cref="StateException">The disk is full, or cannot be written.</exception>
    public void Begin()
    {
        var number = Preparer.LastNumber + 1;
        try
        {
            // The journal first: recovery refuses a snapshot without its segment.
            var first = Preparer.Create();
            _journal = new JournalWriter(first, Preparer.Prepared, _settings, _options.Sync, Table.Now);
            _syncer = new SegmentSyncer(_journal, _options.Sync);
            if (_options.Sync != StateSync.None)
                first.Sync();
            Compactor.Write(number, isFinal: false, Table);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            CloseJournal();
            DeleteOrphan(number);
            throw new StateException($"cannot write to the state directory {Directory.Path}: "
                + $"{StateException.Reason(e)}. It needs space for the games and another "
                + $"{2 * _options.SegmentBytes >> 20} MiB.", e);
        }
    }

    /// <summary>
    /// Writes the final snapshot, so that the next start has nothing to replay. Only after all other threads of the
    /// store have ended.
    /// </summary>
    /// <exception cref="IOException">The disk is full; the journal is complete.</exception>
    /// <exception cref="StateException">The directory was lost and cannot be acquired again.</exception>
    public void Finish()
    {
        Directory.Reacquire();
        var number = Preparer.LastNumber + 1;
        Compactor.Write(number, isFinal: true, Table);
        CloseJournal();
    }

    /// <summary>Releases the directory. What was recorded stays.</summary>
    public void Dispose()
    {
        CloseJournal();
        Directory.Dispose();
    }

    private static InvalidOperationException NotBegun() => new("The journal has not begun.");

    // A segment without a snapshot is of no use, and each refused start would leave another.
    private void DeleteOrphan(long number)
    {
        try
        {
            if (!Directory.List().Contains(StateFileNames.Snapshot(number)))
                Directory.Delete(StateFileNames.Segment(number));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The caller reports the first error.
        }
    }

    private void CloseJournal()
    {
        _journal?.Current.Dispose();
        _journal = null;
        Preparer.Dispose();
    }
}
