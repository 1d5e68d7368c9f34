using TurnServer.Cluster;
using TurnServer.Cluster.Replication;
using TurnServer.Journal;
using TurnServer.Rules;
using TurnServer.Rules.Shards;
using TurnServer.Tests.Simulation.Model;
using static TurnServer.Tests.Simulation.SimulatedCalls;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// One shard of a cluster: its log, and its owner at the moment. An owner dies, with an append under way or without, or
/// stops in order; the next one takes over at once.
/// </summary>
internal sealed class SimulatedShard
{
    private const int Capacity = 60;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(7);

    private readonly SimulatedLog _log;
    private readonly StateSettings _settings;
    private readonly IKeySource _numbers;
    private readonly SeededRandom _random;
    private readonly Action<SerializedReply> _answer;
    private readonly ShardFollower _witness;

    // Applied, and perhaps not in the log yet, with the number of their record.
    private readonly Queue<(long Record, Linearized Entry)> _uncommitted = [];
    private readonly HashSet<long> _unanswered = [];
    private readonly List<(long Awaits, SerializedReply Reply)> _awaiting = [];
    private SimulatedLogAccess _access;
    private OwnedShard _owned;
    private TimeSpan _offset;
    private long _recorded;
    private long _stored;
    private int _servers;

    /// <param name="role">Which shard it is.</param>
    /// <param name="settings">The settings of all owners.</param>
    /// <param name="numbers">The source of numbers for keys.</param>
    /// <param name="random">Decides what fails.</param>
    /// <param name="answer">Receives replies.</param>
    public SimulatedShard(ShardRole role, StateSettings settings, IKeySource numbers, SeededRandom random,
        Action<SerializedReply> answer)
    {
        (_settings, _numbers, _random, _answer) = (settings, numbers, random, answer);
        _witness = ShardFollower.Begin(null, role);
        _log = new SimulatedLog(Capacity, random, Witness, role);
        (_owned, _access) = TakeOver();
        _recorded = _stored;
    }

    public Table Table => _owned.Table;

    public int Number => Table.Role.Number;

    public TimeSpan? NextDeadline => Table.NextDeadline + _offset;

    /// <summary>Whether something has been recorded that is not in the log.</summary>
    public bool HasUncommitted => _recorded > _stored;

    // The table's counters start at zero with each takeover.
    public TableStatistics GetStatistics() => Table.GetStatistics();

    public void Tick(TimeSpan now)
    {
        if (!(NextDeadline <= now))
        {
            Table.AdvanceClock(now - _offset);
            return;
        }

        Reserve(0);
        var answers = Table.Tick(now - _offset);
        _owned.Recorder.Record(RecordKind.Tick, now - _offset);
        Recorded(answers);
    }

    public void ExtendDeadlines(in Suspension suspension, TimeSpan now)
    {
        Reserve(0);
        var answers = Table.ExtendDeadlines(suspension, now - _offset);
        _owned.Recorder.Record(suspension, now - _offset);
        Recorded(answers);
    }

    public void ReleaseAll(TimeSpan now)
    {
        Reserve(0);
        var answers = Table.ReleaseAll(now - _offset);
        _owned.Recorder.Record(RecordKind.ReleaseAll, now - _offset);
        Recorded(answers);
    }

    public void Apply(in Arrival arrival, TimeSpan now)
    {
        Reserve(arrival.Body.Length);
        _unanswered.Add(arrival.Ticket.Number);
        var answers = Table.Apply(arrival, now - _offset);
        _owned.Recorder.Record(arrival, Table, now - _offset);
        Recorded(answers);
    }

    public void Receive(in ShardFrame frame, TimeSpan now)
    {
        var bytes = frame.ToBytes();
        Reserve(ShardFrame.RecordBytes(bytes.Length, frame.Messages.Count));
        var answers = Table.Receive(ShardFrame.Read(bytes), now - _offset);
        _owned.Recorder.RecordMessages(bytes, Table, now - _offset);
        Recorded(answers);
        foreach (var (awaits, reply) in _awaiting.ToArray())
        {
            if (awaits > Table.AppliedByLobby)
                continue;
            _awaiting.Remove((awaits, reply));
            Defer(reply);
        }
    }

    /// <summary>Notes what the last record has done, which has not happened if the record is lost.</summary>
    public void Note(Linearized entry) => _uncommitted.Enqueue((_recorded, entry));

    /// <summary>Appends what has been recorded, and lets the replies leave.</summary>
    public void Commit()
    {
        AppendAll();
        _uncommitted.Clear();
        if (_random.Is(20))
            WriteSnapshot();
    }

    /// <summary>
    /// Replaces the owner. Returns the requests whose replies are lost; whether they are applied says the order.
    /// </summary>
    public List<long> Replace(TimeSpan now, Func<ModelParticipant, bool> concerns, List<Linearized> order)
    {
        if (_random.Is(300))
            HandOver();
        else
            Kill();
        List<long> lost = [.. _unanswered];
        _unanswered.Clear();
        _awaiting.Clear();
        (_owned, _access) = TakeOver();
        foreach (var (record, entry) in _uncommitted)
            entry.IsWithdrawn = record > _stored;
        _uncommitted.Clear();
        _recorded = _stored;
        var lastAt = Table.Now + _offset;
        _offset = now - Table.Now;
        order.Add(new Linearized(0)
        {
            Shard = Number,
            TakeOver = new RestartState(0, lastAt, now - lastAt, now + Grace),
            Concerns = concerns,
        });
        return lost;
    }

    private void Recorded(ReadOnlySpan<Answer> answers)
    {
        _recorded++;
        foreach (var answer in answers)
        {
            var reply = SerializedReply.Of(answer.Ticket.Number, answer.Reply);
            if (answer.Awaits > Table.AppliedByLobby)
                _awaiting.Add((answer.Awaits, reply));
            else
                Defer(reply);
        }
    }

    private void Defer(SerializedReply reply)
    {
        var owner = _owned;
        _owned.Recorder.ReleaseWhenDurable(new DeferredReply(reply, durable =>
        {
            if (_owned == owner && _unanswered.Remove(durable.Ticket))
                _answer(durable);
        }));
    }

    // A full log refuses everything until a snapshot is written.
    private void Reserve(int bytes)
    {
        for (var attempts = 0; !_owned.Recorder.TryReserve(bytes, Table); attempts++)
        {
            if (attempts == 100)
                throw new MismatchException("room in the log after a snapshot", "none");
            AppendAll();
            WriteSnapshot();
        }
    }

    private void AppendAll()
    {
        while (_owned.Recorder.Take() is { } batch)
        {
            if (!Result(_owned.Appender.TryAppendAsync(batch, default)))
                throw new MismatchException("the owner to append", "refused");
        }
    }

    private void WriteSnapshot()
    {
        try
        {
            Result(_owned.Snapshotter.TryWriteAsync(0, default));
        }
        catch (LogUnavailableException)
        {
            // Tried again after a later batch.
        }
    }

    private void Kill()
    {
        _access.IsFrozen = true;
        _access.SendsBeforeFreezing = true;
        if (_random.Is(600) && _owned.Recorder.Take() is { } batch)
            _ = _owned.Appender.TryAppendAsync(batch, default);
    }

    private void HandOver()
    {
        AppendAll();
        _owned.Recorder.Complete();
        if (!Result(_owned.Appender.RunAsync(default)))
            throw new MismatchException("the shard to be handed over", $"{_log.Head}");
    }

    private (OwnedShard Owned, SimulatedLogAccess Access) TakeOver()
    {
        while (true)
        {
            var access = _log.For();
            var candidate = new ShardCandidate(access, $"server{++_servers}", _settings, Grace, _ => _numbers,
                TimeProvider.System)
            {
                RetryPause = TimeSpan.Zero,
            };
            try
            {
                var owner = _log.Head.Owner;
                var follower = ShardFollower.Begin(_log.Snapshot, _log.Role);
                foreach (var batch in _log.ReadOn(follower.Position))
                    follower.Apply(batch);
                if (Result(candidate.TryTakeOverAsync(follower, owner, "simulated", default)) is { } owned)
                    return (owned, access);
            }
            catch (LogUnavailableException)
            {
                // Whether it has taken over is unknown: another one does.
            }
        }
    }

    private void Witness(LogBatch batch)
    {
        _stored += RecordedRequests.KindsIn(batch.Content).Count;
        _witness.Apply(batch);
    }
}
