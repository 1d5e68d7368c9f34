using TurnServer.Journal;
using TurnServer.Rules;
using ModelRecovery = TurnServer.Tests.Simulation.Model.Recovery;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// The rules and the journal as the server has them, on a simulated disk: what the server's threads do happens here
/// between two batches. It is killed in the middle of a record; or the machine loses its power, and then no reply has
/// left for what was not on the disk.
/// </summary>
internal sealed class JournaledServer : Server
{
    // So small that there are many, and snapshots between them.
    private const int SegmentBytes = 40_000;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(7);

    private readonly SimulatedDisk _disk = new();
    private readonly RulesOptions _options;
    private readonly IKeySource _keys;
    private readonly bool _losesPower;

    // How many requests were on record when a segment was begun.
    private readonly Dictionary<long, long> _requestsBefore = [];

    // Where the records are that have been made since the last batch was settled.
    private readonly List<(long Segment, int Position)> _unsettled = [];
    private StateStore _store;
    private TableStatistics? _before;
    private TimeSpan _offset;
    private long _requests;
    private int _settlements;
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

    // Counting begins anew with each start.
    public override TableStatistics Count() => Sum(_store.Table.Count(), _before);

    public override void Tick(TimeSpan now)
    {
        if (!(NextDeadline <= now))
            return;
        Reserve(0);
        Take(_store.Table.Tick(now - _offset));
        _store.Journal.Record(RecordKind.Tick, now - _offset);
    }

    public override void ExtendDeadlines(in Suspension suspension, TimeSpan now)
    {
        Reserve(0);
        Take(_store.Table.ExtendDeadlines(suspension, now - _offset));
        _store.Journal.Record(suspension, now - _offset);
    }

    public override void ReleaseAll(TimeSpan now)
    {
        Reserve(0);
        Take(_store.Table.ReleaseAll(now - _offset));
        _store.Journal.Record(RecordKind.ReleaseAll, now - _offset);
    }

    /// <inheritdoc/>
    public override void Crash(ulong draw)
    {
        var chance = new Chance(draw);
        if (_losesPower && chance.Is(500))
        {
            _powerLosses++;
            _disk.LosePower(chance);
        }
        else if (_losesPower)
        {
            _tornRecords += _unsettled.Count > 0 ? 1 : 0;
            _disk.PushSome(chance);
        }
        else if (_unsettled.Count > 0 && chance.Is(900))
        {
            _tornRecords++;
            TearOff(chance.Below(_unsettled.Count), chance);
        }
    }

    /// <inheritdoc/>
    public override void AddTo(Tallies tallies)
    {
        tallies.PowerLosses += _powerLosses;
        tallies.TornRecords += _tornRecords;
        tallies.Snapshots += _snapshots;
    }

    public override ModelRecovery Restart(TimeSpan now)
    {
        var settled = _requests - _unsettled.Count;
        var recovered = Recovery.Read(_disk)!;
        _requests = _requestsBefore[recovered.SnapshotNumber] + recovered.Requests;
        _before = Sum(recovered.Table.Count(), _before);
        var lastAt = recovered.Table.Now + _offset;
        _unsettled.Clear();
        _store = Start();
        _offset = now - _store.Table.Now;
        if (_requests < settled)
            throw new Discrepancy($"{settled} requests on record that were answered", $"{_requests}");
        return new ModelRecovery((int)(_requests - settled), lastAt, now - lastAt, now + Grace);
    }

    protected override void Apply(in Arrival arrival, TimeSpan now)
    {
        Reserve(arrival.Body.Length);
        var journal = _store.Journal;
        Take(_store.Table.Apply(arrival, now - _offset));
        _unsettled.Add((journal.Current.Number, journal.Current.Written));
        journal.Record(arrival, _store.Table, now - _offset);
        _requests++;
    }

    protected override void Commit(TimeSpan now)
    {
        _unsettled.Clear();
        _settlements++;
        // When it is killed nothing depends on the disk's having been there.
        if (!_losesPower && _settlements % 3 != 0)
            return;
        foreach (var full in _store.Syncer.Sync())
        {
            if (full % 2 != 0)
                continue;
            _store.Compactor.Compact(full);
            _snapshots++;
        }
    }

    private static TableStatistics Sum(TableStatistics now, TableStatistics? before) => before is null ? now : now with
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
            throw new Discrepancy("room on an endless disk", "none");
        _requestsBefore.TryAdd(journal.Current.Number, _requests);
    }

    // From this record on nothing has been written, but for some bytes of its payload.
    private void TearOff(int index, Chance chance)
    {
        var (number, position) = _unsettled[index];
        var torn = _disk.ContentOf(StateFileNames.Segment(number)).AsSpan(position);
        var frame = Frame.Size(BitConverter.ToInt32(torn));
        torn[..sizeof(int)].Clear();
        torn[(sizeof(int) + chance.Below(frame - sizeof(int)))..].Clear();
        foreach (var name in _disk.List())
        {
            if (StateFileNames.SegmentNumber(name) > number)
                _disk.ContentOf(name).AsSpan(SegmentHead.Bytes).Clear();
        }
    }
}
