using TurnServer.Journal;
using TurnServer.Rules;
using TurnServer.Tests.Simulation.Model;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// The rules and the real journal on a simulated disk; the work of the server's other threads happens between batches.
/// A crash is a kill in the middle of a record, or a power loss, before which no reply left for an unsynced record.
/// </summary>
internal sealed class JournaledServer : SimulatedServer
{
    // Small, so that histories have many segments and snapshots.
    private const int SegmentBytes = 40_000;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(7);

    private readonly SimulatedDisk _disk = new();
    private readonly RulesOptions _options;
    private readonly IKeySource _keys;
    private readonly bool _losesPower;

    // How many requests were recorded before each segment.
    private readonly Dictionary<long, long> _requestsBefore = [];

    // The positions of the records since the last batch ended.
    private readonly List<(long Segment, int Position)> _uncommitted = [];
    private StateStore _store;
    private TableStatistics? _beforeRestart;
    private TimeSpan _offset;
    private long _requests;
    private int _commits;
    private int _powerLosses;
    private int _tornRecords;
    private int _snapshots;

    public JournaledServer(RulesOptions options, IKeySource keys, bool losesPower)
    {
        _options = options;
        _keys = keys;
        _losesPower = losesPower;
        _store = Start();
    }

    public override bool CanCrash => true;

    public override TimeSpan DowntimeMax => TimeSpan.FromMinutes(3);

    public override TimeSpan? NextDeadline => _store.Table.NextDeadline + _offset;

    public override bool IsEmpty => _store.Table.IsEmpty;

    // The table's counters start at zero with each restart.
    public override TableStatistics GetStatistics() => Sum(_store.Table.GetStatistics(), _beforeRestart);

    public override WaitingLine GetWaiting(string? pool) => _store.Table.GetWaiting(pool);

    public override void Tick(TimeSpan now)
    {
        if (!(NextDeadline <= now))
        {
            _store.Table.AdvanceClock(now - _offset);
            return;
        }

        Reserve(0);
        AddReplies(_store.Table.Tick(now - _offset));
        _store.Journal.Record(RecordKind.Tick, now - _offset);
    }

    public override void ExtendDeadlines(in Suspension suspension, TimeSpan now)
    {
        Reserve(0);
        AddReplies(_store.Table.ExtendDeadlines(suspension, now - _offset));
        _store.Journal.Record(suspension, now - _offset);
    }

    public override void ReleaseAll(TimeSpan now)
    {
        Reserve(0);
        AddReplies(_store.Table.ReleaseAll(now - _offset));
        _store.Journal.Record(RecordKind.ReleaseAll, now - _offset);
    }

    /// <inheritdoc/>
    public override void Crash(ulong draw)
    {
        var random = new SeededRandom(draw);
        if (_losesPower && random.Is(500))
        {
            _powerLosses++;
            _disk.LosePower(random);
        }
        else if (_losesPower)
        {
            _tornRecords += _uncommitted.Count > 0 ? 1 : 0;
            _disk.PushSome(random);
        }
        else if (_uncommitted.Count > 0 && random.Is(900))
        {
            _tornRecords++;
            Tear(random.Below(_uncommitted.Count), random);
        }
    }

    /// <inheritdoc/>
    public override void AddTo(Statistics statistics)
    {
        statistics.PowerLosses += _powerLosses;
        statistics.TornRecords += _tornRecords;
        statistics.Snapshots += _snapshots;
    }

    public override RestartState Restart(TimeSpan now)
    {
        var committed = _requests - _uncommitted.Count;
        var recovered = Recovery.Read(_disk)!;
        _requests = _requestsBefore[recovered.SnapshotNumber] + recovered.Requests;
        _beforeRestart = Sum(recovered.Table.GetStatistics(), _beforeRestart);
        var lastAt = recovered.Table.Now + _offset;
        _uncommitted.Clear();
        _store = Start();
        _offset = now - _store.Table.Now;
        if (_requests < committed)
            throw new MismatchException($"{committed} recorded requests with replies sent", $"{_requests}");
        return new RestartState((int)(_requests - committed), lastAt, now - lastAt, now + Grace);
    }

    protected override void Apply(in Arrival arrival, TimeSpan now)
    {
        Reserve(arrival.Body.Length);
        var journal = _store.Journal;
        AddReplies(_store.Table.Apply(arrival, now - _offset));
        _uncommitted.Add((journal.Current.Number, journal.Current.Written));
        journal.Record(arrival, _store.Table, now - _offset);
        _requests++;
    }

    protected override void Commit(TimeSpan now)
    {
        _uncommitted.Clear();
        _commits++;
        // A kill loses nothing that was written, synced or not.
        if (!_losesPower && _commits % 3 != 0)
            return;
        foreach (var full in _store.Syncer.Sync())
        {
            if (full % 2 != 0)
                continue;
            _store.Compactor.Compact(full);
            _snapshots++;
        }
    }

    /// <summary>The statistics since the first start.</summary>
    public static TableStatistics Sum(TableStatistics now, TableStatistics? before) => before is null ? now : now with
    {
        Registrations = now.Registrations + before.Registrations,
        GamesStarted = now.GamesStarted + before.GamesStarted,
        Turns = now.Turns + before.Turns,
        TurnBytes = now.TurnBytes + before.TurnBytes,
        DropsByCause = [.. now.DropsByCause.Zip(before.DropsByCause, (one, other) => one + other)],
    };

    private StateStore Start()
    {
        var options = new JournalOptions
        {
            SegmentBytes = SegmentBytes,
            Sync = _losesPower ? StateSync.Always : StateSync.Batch,
            RestartGrace = Grace,
        };
        var store = StateStore.Open(_disk, options, new StateSettings(_options, false), _ => _keys);
        store.Begin();
        _requestsBefore[store.Journal.Current.Number] = _requests;
        return store;
    }

    private void Reserve(int bodyBytes)
    {
        _store.Preparer.Prepare();
        var journal = _store.Journal;
        if (!journal.TryReserve(bodyBytes, _store.Table))
            throw new MismatchException("space on an unlimited disk", "none");
        _requestsBefore.TryAdd(journal.Current.Number, _requests);
    }

    // Undoes all writes from this record on, except some bytes of its payload.
    private void Tear(int index, SeededRandom random)
    {
        var (number, position) = _uncommitted[index];
        var torn = _disk.ContentOf(StateFileNames.Segment(number)).AsSpan(position);
        var frame = Frame.Size(BitConverter.ToInt32(torn));
        torn[..sizeof(int)].Clear();
        torn[(sizeof(int) + random.Below(frame - sizeof(int)))..].Clear();
        foreach (var name in _disk.List())
        {
            if (StateFileNames.SegmentNumber(name) > number)
                _disk.ContentOf(name).AsSpan(SegmentHead.Bytes).Clear();
        }
    }
}
