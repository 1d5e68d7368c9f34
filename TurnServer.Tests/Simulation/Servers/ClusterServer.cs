using TurnServer.Cluster;
using TurnServer.Cluster.Replication;
using TurnServer.Journal;
using TurnServer.Rules;
using TurnServer.Tests.Simulation.Model;
using static TurnServer.Tests.Simulation.SimulatedCalls;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// A cluster: one server owns the table and records in a <see cref="SimulatedLog"/>; standbys follow, each as far as it
/// has come. A crash is the owner's death, freeze or ordered stop at any moment; a restart is a takeover. Frozen owners
/// go on later, as if nothing had been, and must be able to do nothing.
/// </summary>
internal sealed class ClusterServer : SimulatedServer
{
    // Small, so that the log wraps around in most histories and slow standbys find a gap.
    private const int Capacity = 40;

    private const int Standbys = 2;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(7);

    private readonly SimulatedLog _log;
    private readonly StateSettings _settings;
    private readonly IKeySource _keys;
    private readonly SeededRandom _random;
    private readonly ShardFollower _witness = ShardFollower.Begin(null, ShardRole.Whole);
    private readonly List<Standby> _standbys = [];
    private readonly List<FormerOwner> _frozen = [];
    private readonly Queue<RecordBatch> _taken = [];
    private TableStatistics? _beforeTakeOver;
    private SimulatedLogAccess _access;
    private OwnedShard _owned;
    private bool _isThawing;
    private TimeSpan _offset;
    private long _requests;
    private long _uncommitted;
    private int _servers;
    private int _handOvers;
    private int _freezes;
    private int _gaps;
    private int _snapshots;

    public ClusterServer(RulesOptions options, IKeySource keys, ulong seed)
    {
        _random = new SeededRandom(SeededRandom.Derive(seed, 0xC1));
        _log = new SimulatedLog(Capacity, _random, Witness);
        _settings = new StateSettings(options, HasSequentialKeys: false);
        _keys = keys;
        for (var i = 0; i < Standbys; i++)
            _standbys.Add(NewStandby());
        (_owned, _access) = TakeOver();
    }

    public override bool CanCrash => true;

    public override TimeSpan DowntimeMax => TimeSpan.FromSeconds(20);

    public override TimeSpan? NextDeadline => Table.NextDeadline + _offset;

    public override bool IsEmpty => Table.IsEmpty;

    private Table Table => _owned.Table;

    // The table's counters start at zero with each takeover.
    public override TableStatistics GetStatistics() => JournaledServer.Sum(Table.GetStatistics(), _beforeTakeOver);

    public override WaitingLine GetWaiting(string? pool) => Table.GetWaiting(pool);

    public override void Tick(TimeSpan now)
    {
        if (!(NextDeadline <= now))
        {
            Table.AdvanceClock(now - _offset);
            return;
        }

        Reserve(0);
        var answers = Table.Tick(now - _offset);
        _owned.Recorder.Record(RecordKind.Tick, now - _offset);
        Defer(answers);
    }

    public override void ExtendDeadlines(in Suspension suspension, TimeSpan now)
    {
        Reserve(0);
        var answers = Table.ExtendDeadlines(suspension, now - _offset);
        _owned.Recorder.Record(suspension, now - _offset);
        Defer(answers);
    }

    public override void ReleaseAll(TimeSpan now)
    {
        Reserve(0);
        var answers = Table.ReleaseAll(now - _offset);
        _owned.Recorder.Record(RecordKind.ReleaseAll, now - _offset);
        Defer(answers);
    }

    /// <inheritdoc/>
    public override void Crash(ulong draw)
    {
        var random = new SeededRandom(draw);
        switch (random.Below(3))
        {
            case 0:
                Kill(random);
                break;
            case 1:
                Freeze(random);
                break;
            default:
                HandOver();
                break;
        }

        _taken.Clear();
    }

    public override RestartState Restart(TimeSpan now)
    {
        var committed = _requests - _uncommitted;
        _standbys.Add(NewStandby());
        (_owned, _access) = TakeOver();
        var lastAt = Table.Now + _offset;
        _requests = _log.Requests;
        _uncommitted = 0;
        _offset = now - Table.Now;
        if (_requests < committed)
            throw new MismatchException($"{committed} recorded requests with replies sent", $"{_requests}");
        return new RestartState((int)(_requests - committed), lastAt, now - lastAt, now + Grace);
    }

    /// <inheritdoc/>
    public override void AddTo(Statistics statistics)
    {
        statistics.HandOvers += _handOvers;
        statistics.Freezes += _freezes;
        statistics.Gaps += _gaps;
        statistics.Snapshots += _snapshots;
        statistics.Unacknowledged += _log.Unacknowledged;
        statistics.Refused += _log.Refused;
    }

    protected override void Apply(in Arrival arrival, TimeSpan now)
    {
        Reserve(arrival.Body.Length);
        var answers = Table.Apply(arrival, now - _offset);
        _owned.Recorder.Record(arrival, Table, now - _offset);
        Defer(answers);
        _requests++;
        _uncommitted++;
        if (_random.Is(200) && _owned.Recorder.Take() is { } batch)
            _taken.Enqueue(batch);
    }

    protected override void Commit(TimeSpan now)
    {
        AppendAll();
        _uncommitted = 0;
        // Often late: then the log is full, and requests have to wait for one.
        if (_random.Is(20) || (_owned.Snapshotter.IsDue(0) && _random.Is(30)))
            WriteSnapshot();
        foreach (var standby in _standbys)
        {
            if (_random.Is(150))
                Follow(standby, _random.Below(20));
        }

        if (_frozen.Count > 0 && _random.Is(50))
            Thaw(_random.Below(_frozen.Count), now);
    }

    // A full log refuses requests until a snapshot is written.
    private void Reserve(int bodyBytes)
    {
        for (var attempts = 0; !_owned.Recorder.TryReserve(bodyBytes, Table); attempts++)
        {
            if (attempts == 100)
                throw new MismatchException("room in the log after a snapshot", "none");
            AppendAll();
            WriteSnapshot();
        }
    }

    // Answers point into the table's buffers, and leave once their records are in the log.
    private void Defer(ReadOnlySpan<Answer> answers)
    {
        var owned = _owned;
        var position = owned.Recorder.RecordedPosition;
        foreach (var answer in answers)
        {
            owned.Recorder.ReleaseWhenDurable(new DeferredReply(
                SerializedReply.Of(answer.Ticket.Number, answer.Reply), reply => Deliver(reply, owned, position)));
        }
    }

    // Replies of a former owner come too late: their clients have asked again.
    private void Deliver(SerializedReply reply, OwnedShard by, long position)
    {
        if (_log.LastPositionOf(by.Epoch) < position)
            throw new MismatchException("replies once their records are in the log", $"{reply}");
        if (by == _owned && !_isThawing)
            AddReply(reply);
    }

    private void AppendAll()
    {
        while (_taken.TryDequeue(out var batch) || (batch = _owned.Recorder.Take()) is not null)
        {
            if (!Result(_owned.Appender.TryAppendAsync(batch, default)))
                throw new MismatchException("the owner to append", "refused");
        }
    }

    private void WriteSnapshot()
    {
        try
        {
            if (!Result(_owned.Snapshotter.TryWriteAsync(0, default)))
                throw new MismatchException("the owner to write a snapshot", "refused");
            _snapshots++;
        }
        catch (LogUnavailableException)
        {
            // Tried again after a later batch.
        }
    }

    // Dies, perhaps with an append under way.
    private void Kill(SeededRandom random)
    {
        _access.IsFrozen = true;
        _access.SendsBeforeFreezing = true;
        if (random.Is(600))
            _ = BeginAppend();
    }

    private void Freeze(SeededRandom random)
    {
        _freezes++;
        _access.IsFrozen = true;
        _access.SendsBeforeFreezing = random.Is(500);
        _frozen.Add(new FormerOwner(_owned, _access, BeginAppend(), _offset));
    }

    private Task<bool> BeginAppend() =>
        _taken.TryDequeue(out var batch) || (batch = _owned.Recorder.Take()) is not null
            ? _owned.Appender.TryAppendAsync(batch, default)
            : Task.FromResult(true);

    private void HandOver()
    {
        _handOvers++;
        AppendAll();
        _owned.Recorder.Complete();
        if (!Result(_owned.Appender.RunAsync(default)) || _log.Head.Owner is not null)
            throw new MismatchException("the shard to be handed over", $"{_log.Head}");
    }

    // A former owner goes on: with what it was doing, and then with its clock, its table and its snapshots.
    private void Thaw(int index, TimeSpan now)
    {
        var (owned, access, appending, offset) = _frozen[index];
        _frozen.RemoveAt(index);
        _isThawing = true;
        access.Thaw();
        var wasStored = Result(appending);
        _isThawing = false;
        if (wasStored && _log.LastPositionOf(owned.Epoch) < owned.Recorder.StoredPosition)
            throw new MismatchException("no reply of a former owner that is not in the log", "replies");
        var recorder = owned.Recorder;
        var late = now - offset + TimeSpan.FromDays(1);
        if (!recorder.TryReserve(0, owned.Table))
            return;
        var answers = owned.Table.Tick(late);
        recorder.Record(RecordKind.Tick, late);
        foreach (var answer in answers)
        {
            recorder.ReleaseWhenDurable(new DeferredReply(SerializedReply.Of(answer.Ticket.Number, answer.Reply),
                reply => throw new MismatchException("no reply of a former owner", $"{reply}")));
        }

        while (recorder.Take() is { } batch)
        {
            if (Result(owned.Appender.TryAppendAsync(batch, default)))
                throw new MismatchException("a former owner to be refused", $"{_log.Head}");
        }

        recorder.Fence(new InvalidOperationException("Another server owns the shard."));
        var before = _log.Snapshot;
        _ = owned.Snapshotter.TryWriteAsync(0, default);
        if (_log.Snapshot != before)
            throw new MismatchException("a former owner's snapshot to be refused", "written");
    }

    // Follows the log as it is written, to count what each takeover forgets.
    private void Witness(LogBatch batch)
    {
        if (BatchContent.KindOf(batch.Content.Span) == BatchKind.TakeOver && _witness.Table is { } table)
            _beforeTakeOver = JournaledServer.Sum(table.GetStatistics(), _beforeTakeOver);
        _witness.Apply(batch);
    }

    private (OwnedShard Owned, SimulatedLogAccess Access) TakeOver()
    {
        // Whoever is first to have everything; another one may get in between.
        while (true)
        {
            var standby = _random.Of(_standbys);
            try
            {
                var owner = _log.Head.Owner;
                Follow(standby, int.MaxValue);
                var owned = Result(standby.Candidate.TryTakeOverAsync(standby.Follower!, owner, "simulated", default));
                if (owned is null)
                    continue;
                _standbys.Remove(standby);
                if (_random.Is(300))
                {
                    // Dies at once.
                    _standbys.Add(NewStandby());
                    continue;
                }

                return (owned, standby.Access);
            }
            catch (LogUnavailableException e) when (!e.HasGoneBack)
            {
                // Whether it has taken over is unknown: it follows on, and tries again.
            }
        }
    }

    private Standby NewStandby()
    {
        var access = _log.For();
        var log = new ForwardOnlyLog(access);
        return new Standby(access, log,
            new ShardCandidate(log, $"server{++_servers}", _settings, Grace, _ => _keys, TimeProvider.System)
            {
                RetryPause = TimeSpan.Zero,
            });
    }

    private void Follow(Standby standby, int batchesMax)
    {
        standby.Follower ??= ShardFollower.Begin(_log.Snapshot, ShardRole.Whole);
        var until = Math.Min(_log.Head.Position, standby.Follower.Position + batchesMax);
        try
        {
            if (standby.Follower.Position < until)
                Result(FollowAsync(standby, until));
        }
        catch (LogGapException)
        {
            _gaps++;
            standby.Follower = null;
            if (batchesMax == int.MaxValue)
                Follow(standby, batchesMax);
        }
    }

    private static async Task<bool> FollowAsync(Standby standby, long until)
    {
        await foreach (var batch in standby.Log.ReadOnAsync(standby.Follower!.Position, default))
        {
            standby.Follower.Apply(batch);
            if (batch.Position == until)
                break;
        }

        return true;
    }

    private sealed record Standby(SimulatedLogAccess Access, IShardLog Log, ShardCandidate Candidate)
    {
        public ShardFollower? Follower { get; set; }
    }

    private sealed record FormerOwner(OwnedShard Owned, SimulatedLogAccess Access, Task<bool> Appending,
        TimeSpan Offset);
}
