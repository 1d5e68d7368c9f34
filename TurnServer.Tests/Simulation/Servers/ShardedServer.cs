using TurnServer.Journal;
using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Rules.Shards;
using TurnServer.Tests.Simulation.Model;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// A cluster whose players and games are spread over a lobby and several shards with games, each with its log and its
/// owner. At the end of a batch they tell each other what they have to, over a network that loses, doubles, delays and
/// reorders messages, while owners die and are replaced between any two steps. The model knows nothing of it: a request
/// counts as applied where the shard that decides it applies it.
/// </summary>
internal sealed class ShardedServer : SimulatedServer
{
    private const int DelayedFramesMax = 12;
    private const int StepsMax = 100_000;

    private readonly SeededRandom _random;
    private readonly SimulatedShard[] _shards;
    private readonly bool _isEager;
    private int _takeOversPerMille;
    private readonly Queue<Arrival> _arrivals = [];
    private readonly List<(int To, ShardFrame Frame)> _network = [];

    // Which request a message of the lobby asks about, and which shard has the game that a request started.
    private readonly Dictionary<(int Shard, long Number), Arrival> _asked = [];
    private readonly Dictionary<long, int> _shardByStart = [];

    // The seat keys of requests that are not answered yet.
    private readonly Dictionary<long, ulong> _seatRequests = [];
    private readonly List<Linearized> _order = [];
    private readonly List<long> _lost = [];
    private int _framesLost;
    private int _framesDoubled;
    private int _framesReordered;
    private int _takeOvers;
    private int _takeOversWithMessages;

    /// <param name="world">The history's world.</param>
    /// <param name="keys">Creates the source of numbers for the keys of a shard.</param>
    public ShardedServer(World world, Func<int, IKeySource> keys)
    {
        _random = new SeededRandom(SeededRandom.Derive(world.Seed, 0x5A));
        // The lobby enforces limits by what it knows: a registration counts until its end has arrived there.
        _isEager = world.HasTightLimits;
        _takeOversPerMille = _random.Of([0, 5, 30]);
        var gameShards = _random.Of([1, 2, 4]);
        var settings = new StateSettings(world.Options, HasSequentialKeys: false);
        _shards = [.. Enumerable.Range(0, gameShards + 1).Select(number => new SimulatedShard(
            new ShardRole(number, gameShards), settings, keys(number), _random,
            reply => Answer(number, reply)))];
    }

    public override bool MayLoseReplies => true;

    public override TimeSpan? NextDeadline => _shards.Min(shard => shard.NextDeadline);

    public override bool IsEmpty => _shards.All(shard => shard.Table.IsEmpty);

    public override IEnumerable<Linearized> Order => _order.Where(entry => !entry.IsWithdrawn);

    public override IReadOnlyList<long> Lost => _lost;

    private SimulatedShard Lobby => _shards[0];

    public override TableStatistics GetStatistics() =>
        TableStatistics.Sum(_shards.Select(shard => shard.GetStatistics()));

    public override WaitingLine GetWaiting(string? pool) => Lobby.Table.GetWaiting(pool);

    public override void BeginBatch()
    {
        base.BeginBatch();
        _order.Clear();
        _lost.Clear();
    }

    public override void Tick(TimeSpan now)
    {
        foreach (var shard in _shards)
            shard.Tick(now);
    }

    public override void ExtendDeadlines(in Suspension suspension, TimeSpan now)
    {
        foreach (var shard in _shards)
            shard.ExtendDeadlines(suspension, now);
    }

    public override void ReleaseAll(TimeSpan now)
    {
        foreach (var shard in _shards)
            shard.ReleaseAll(now);
    }

    public override void EndFaults() => _takeOversPerMille = 0;

    public override void AddTo(Statistics statistics)
    {
        statistics.FramesLost += _framesLost;
        statistics.FramesDoubled += _framesDoubled;
        statistics.FramesReordered += _framesReordered;
        statistics.TakeOvers += _takeOvers;
        statistics.TakeOversWithMessages += _takeOversWithMessages;
    }

    // Otherwise a player could use its pairing key after its first turn.
    private void Answer(int shard, SerializedReply reply)
    {
        var answered = _seatRequests.Remove(reply.Ticket, out var key)
            && !reply.Body.AsSpan().SequenceEqual(Wire.NoGame) && !reply.Body.AsSpan().SequenceEqual(Wire.NoSelf);
        if (answered && Lobby.Table.Parts.Lobby.Players.Any(player => player.Seat?.Key == key))
            throw new MismatchException("replies to a seat once its registration has ended", $"{reply} of {shard}");
        AddReply(reply);
    }

    protected override void Apply(in Arrival arrival, TimeSpan now) => _arrivals.Enqueue(arrival);

    // Until every request is applied and no shard has anything to tell another one.
    protected override void Commit(TimeSpan now)
    {
        Tick(now);
        // The model does at once what is due: that is not lost here, but in the simulation of a cluster with one shard.
        foreach (var shard in _shards)
            shard.Commit();
        for (var steps = 0; TryStep(now); steps++)
        {
            if (steps == StepsMax)
                throw new MismatchException("shards that have told each other everything", "no end of it");
        }
    }

    private bool TryStep(TimeSpan now)
    {
        if (_random.Is(_takeOversPerMille))
        {
            TakeOver(_random.Of(_shards), now);
            return true;
        }

        var isBusy = HasMessages;
        if (_arrivals.Count > 0 && !(_isEager && isBusy) && _random.Is(400))
        {
            Apply(now);
            return true;
        }

        if (_network.Count > 0 && _random.Is(500))
        {
            Deliver(now);
            return true;
        }

        var shard = _random.Of(_shards);
        if (shard.HasUncommitted)
            shard.Commit();
        else
            SendFrom(shard);
        return _arrivals.Count > 0 || isBusy || _shards.Any(shard => shard.HasUncommitted);
    }

    private bool HasMessages => _shards.Any(shard => shard.Table.Channels.Any(channel =>
        channel.Unacknowledged.Count > 0));

    private void Apply(TimeSpan now)
    {
        var arrival = _arrivals.Dequeue();
        var shard = _shards[Lobby.Table.Role.ShardOf(arrival.Request)];
        var sent = shard.Table.Channels.Select(channel => channel.Sent).ToArray();
        if (shard != Lobby)
            _seatRequests[arrival.Ticket.Number] = arrival.Request.Key;
        shard.Apply(arrival, now);
        var isDecided = true;
        for (var i = 0; i < sent.Length && shard == Lobby; i++)
        {
            // Decided by a shard with games, if it is asked.
            if (Lobby.Table.Channels[i].Sent == sent[i])
                continue;
            _asked[(i + 1, Lobby.Table.Channels[i].Sent)] = arrival;
            isDecided = false;
        }

        if (isDecided)
            Linearize(shard, new Linearized(arrival.Ticket.Number));
    }

    // The last record of a shard has applied a request.
    private void Linearize(SimulatedShard shard, Linearized entry)
    {
        _order.Add(entry);
        shard.Note(entry);
    }

    private void Deliver(TimeSpan now)
    {
        var index = _random.Below(_network.Count);
        _framesReordered += index > 0 ? 1 : 0;
        var (to, frame) = _network[index];
        _network.RemoveAt(index);
        var shard = _shards[to];
        var before = to == 0 ? 0 : shard.Table.Channels[0].Applied;
        shard.Receive(frame, now);
        if (to == 0)
            return;
        var heard = shard.Table.Channels[0].Unacknowledged.Select(AskedAndRefused).ToHashSet();
        for (var number = before + 1; number <= shard.Table.Channels[0].Applied; number++)
        {
            var arrival = _asked[(to, number)];
            if (arrival.Request.Symbol == Symbol.MapReady)
                _shardByStart[arrival.Ticket.Number] = to;
            // When the registration that its token stands for has just ended.
            var isBusy = arrival.Request.Symbol == Symbol.Register && heard.Contains(number);
            Linearize(shard, new Linearized(arrival.Ticket.Number) { IsBusy = isBusy });
        }
    }

    // The question that a message answers with no.
    private static long AskedAndRefused(byte[] message)
    {
        var from = new FieldReader(message);
        if ((ShardMessageKind)from.Byte() != ShardMessageKind.Heard)
            return 0;
        var question = from.Long();
        return from.Flag() ? 0 : question;
    }

    // What has not been acknowledged, or what has been applied and not been told.
    private void SendFrom(SimulatedShard shard)
    {
        foreach (var channel in shard.Table.Channels)
        {
            var peer = _shards[channel.Peer];
            var back = peer.Table.Channels.Single(other => other.Peer == shard.Number);
            if (channel.Unacknowledged.Count == 0 && back.Acknowledged >= channel.Applied)
                continue;
            var after = channel.Acknowledged + _random.Below(2 * (channel.Unacknowledged.Count + 1));
            var frame = shard.Table.FrameFor(channel, Math.Min(after, channel.Sent));
            if (_random.Is(200))
            {
                _framesLost++;
                continue;
            }

            var copies = _random.Is(150) ? 2 : 1;
            _framesDoubled += copies - 1;
            for (var copy = 0; copy < copies && _network.Count < DelayedFramesMax; copy++)
                _network.Add((channel.Peer, frame));
        }

        // Whatever is late by more than a full network is lost.
        if (_network.Count == DelayedFramesMax)
            _network.RemoveAt(_random.Below(_network.Count));
    }

    private void TakeOver(SimulatedShard shard, TimeSpan now)
    {
        _takeOvers++;
        _takeOversWithMessages += HasMessages ? 1 : 0;
        _lost.AddRange(shard.Replace(now, participant => participant switch
        {
            ModelSeat seat => _shardByStart.GetValueOrDefault(seat.StartedBy) == shard.Number,
            _ => shard == Lobby,
        }, _order));
    }
}
