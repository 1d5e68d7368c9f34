using TurnServer.Rules;
using TurnServer.Tests.Simulation.Model;
using TurnServer.Tests.Simulation.Players;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// The server, the model, the players and the simulated network between them. After each batch the server's replies and
/// counters are compared with the model's.
/// </summary>
internal sealed partial class Harness(World world, SimulatedServer server, Trace? trace)
{
    // Not zero, so that a time that was never set is noticed.
    private static readonly TimeSpan Start = TimeSpan.FromHours(1);

    private readonly ModelTable _model = new(world.Options);
    private readonly PriorityQueue<Delivery, (TimeSpan At, long Number)> _network = new();
    private readonly Dictionary<long, Request> _unanswered = [];
    private readonly List<Request> _batch = [];
    private readonly List<SimPlayer> _players = [];

    // A crash can hide a pairing from both players, and a repeated key stands for several.
    private readonly FairnessChecker? _fairness =
        server.MayLoseReplies || world.RepeatsKeys ? null : new FairnessChecker(world);
    private readonly string?[] _pools = [.. world.Players.Select(profile => profile.Pool).Append(null).Distinct()];
    private long _deliveries;
    private long _tickets;
    private bool _isDraining;
    private bool _isDown;

    public Statistics Statistics { get; } = new();

    public InvariantChecker Invariants { get; } = new(world);

    public IReadOnlyList<SimPlayer> Players => _players;

    public TimeSpan Now { get; private set; } = Start;

    public static TimeSpan At(long milliseconds) => Start + TimeSpan.FromMilliseconds(milliseconds);

    public void Add(SimPlayer player) => _players.Add(player);

    /// <summary>Sends a request, and the copy that the network makes of it.</summary>
    public void Send(Request? request, in Transit transit)
    {
        if (request is null)
            return;
        Send(request, transit.Request, isCopy: false);
        var player = _players[request.Player];
        if (transit.Copy < 0 || !(player.Profile.SaysReceived || request.Operation == 0))
            return;
        Statistics.Duplicated++;
        Send(request.Again(transit.CopyReply), transit.Copy, isCopy: true);
    }

    /// <summary>Advances the time with all deliveries and ticks that are due.</summary>
    public void RunUntil(TimeSpan end)
    {
        while (true)
        {
            var tick = TickAt;
            var hasDelivery = _network.TryPeek(out _, out var priority);
            // Deliveries during a suspension have waited for its end.
            var delivery = !hasDelivery ? TimeSpan.MaxValue : priority.At > Now ? priority.At : Now;
            if (tick > end && delivery > end)
                break;
            if (tick <= delivery)
            {
                SetTime(tick);
                Tick();
            }
            else
            {
                SetTime(delivery);
                Deliver();
            }
        }

        SetTime(end);
    }

    /// <summary>The server answers all held replies and holds none from now on.</summary>
    public void Drain()
    {
        if (_isDraining)
            return;
        trace?.Add($"server drains");
        _isDraining = true;
        server.BeginBatch();
        server.ReleaseAll(Now);
        var replies = EndBatch();
        _model.ReleaseAll(Now);
        Follow(replies, []);
    }

    /// <summary>
    /// Suspends the server for a while. Requests wait in the network; on resume the server first extends its deadlines.
    /// </summary>
    public void Suspend(ulong draw)
    {
        Tick();
        var random = new SeededRandom(draw);
        var suspendedAt = Now;
        SetTime(Now + TimeSpan.FromMilliseconds(random.Between(2_001, 90_000)));
        var suspension = new Suspension(Now - suspendedAt, TimeSpan.FromSeconds(random.Of([0.5, 7, 30, 1000])));
        trace?.Add($"server resumes after {suspension.Gap}, grace {suspension.Grace}");
        Statistics.Suspensions++;
        server.BeginBatch();
        server.ExtendDeadlines(suspension, Now);
        var replies = EndBatch();
        _model.ExtendDeadlines(suspension, Now);
        Follow(replies, []);
    }

    /// <summary>
    /// Crashes the server in the middle of a batch and restarts it after a while. Held replies and those of the
    /// batch are lost.
    /// </summary>
    public void Crash(ulong draw)
    {
        if (!server.CanCrash)
            return;
        Tick();
        var random = new SeededRandom(draw);
        TakeBatch(Now + TimeSpan.FromMilliseconds(50), random.Below(4));
        server.BeginBatch();
        var submitted = _batch.Where(Submit).ToList();
        server.Crash(random.Draw());
        var crashedAt = Now;
        var lost = _unanswered.ToDictionary();
        _unanswered.Clear();
        foreach (var request in lost.Values)
            Lose(request);
        trace?.Add($"server crashes with {_batch.Count} requests in its batch");
        _isDown = true;
        RunUntil(Now + (server.DowntimeMax * (random.Below(1000) / 1000.0)));
        _isDown = false;
        var recovery = server.Restart(Now);
        server.BeginBatch();
        _model.Begin(new Dictionary<long, byte[]>());
        foreach (var request in submitted.Take(recovery.Survivors))
            _model.Apply(request, !_isDraining, crashedAt);
        // Recorded requests have been applied, although their replies were lost.
        foreach (var (ticket, reply) in _model.Expected)
            Invariants.NoteReply(lost[ticket], reply, crashedAt);
        _model.Restart(recovery, Now);
        _isDraining = false;
        trace?.Add($"server recovers {recovery.Survivors} of them");
        Statistics.Crashes++;
        CompareState();
    }

    /// <summary>Asserts that nothing is left of any player.</summary>
    public void CheckEmpty()
    {
        CompareState();
        if (!server.IsEmpty || !_model.IsEmpty || server.NextDeadline is not null)
        {
            throw new MismatchException("no state after all players have timed out",
                server.IsEmpty ? "a deadline, or a player in the model" : "a table that is not empty");
        }
    }

    // Never while the server is down.
    private TimeSpan TickAt
    {
        get
        {
            if (_isDown || server.NextDeadline is not { } next)
                return TimeSpan.MaxValue;
            next += world.TimerLag;
            return next > Now ? next : Now;
        }
    }

    private void SetTime(TimeSpan now)
    {
        Now = now;
        trace?.SetTime(now - Start);
    }

    private void Send(Request request, int delay, bool isCopy)
    {
        var player = _players[request.Player];
        player.NoteSent(request);
        var faults = Describe("request", delay) + Describe("reply", request.ReplyDelay);
        trace?.Add($"{Name(request)} {(isCopy ? "copy of" : "sends")} {request}{faults}");
        if (request.Operation == 0)
            Statistics.Misbehaved++;
        if (delay < 0)
        {
            Lose(request);
            return;
        }

        Statistics.Late += delay > 0 ? 1 : 0;
        _network.Enqueue(new Delivery(request, null), (Now + TimeSpan.FromMilliseconds(delay), ++_deliveries));
    }

    private static string Describe(string what, int delay) => delay switch
    {
        < 0 => $" [{what} lost]",
        0 => "",
        _ => $" [{what} {delay} ms late]",
    };

    private string Name(Request request) => $"{request.Player} {Printable.Of(System.Text.Encoding.UTF8.GetBytes(
        _players[request.Player].Profile.Name))}";

    private void Lose(Request request)
    {
        Statistics.Lost++;
        _players[request.Player].NoteLost(request);
    }

    private void Tick()
    {
        Statistics.Ticks++;
        server.BeginBatch();
        server.Tick(Now);
        var replies = EndBatch();
        _model.Advance(Now);
        Follow(replies, []);
        if (server.NextDeadline <= Now)
            throw new MismatchException("a deadline in the future after a tick", $"{server.NextDeadline - Start}");
    }

    // Requests that arrive at the same time form a batch.
    private void Deliver()
    {
        TakeBatch(Now, int.MaxValue);
        if (_batch.Count == 0)
            return;
        if (_isDown)
        {
            foreach (var request in _batch)
                Lose(request);
            return;
        }

        server.BeginBatch();
        var submitted = new List<Request>(_batch.Count);
        foreach (var request in _batch)
        {
            if (Submit(request))
                submitted.Add(request);
        }

        Follow(EndBatch(), submitted);
        Statistics.Held += submitted.Count(request => _unanswered.ContainsKey(request.Ticket));
    }

    private IReadOnlyDictionary<long, byte[]> EndBatch()
    {
        var replies = server.EndBatch(Now);
        _model.Begin(replies);
        return replies;
    }

    // Has the model do what the server has done, and compares.
    private void Follow(IReadOnlyDictionary<long, byte[]> replies, List<Request> submitted)
    {
        if (server.Order is not { } order)
        {
            foreach (var request in submitted)
                _model.Apply(request, !_isDraining, Now);
            Compare(replies);
            return;
        }

        // As the clocks of all shards do, whether they get requests or not.
        _model.Advance(Now);
        var lost = server.Lost.ToDictionary(ticket => ticket, ticket => _unanswered[ticket]);
        foreach (var entry in order)
        {
            if (entry.Concerns is { } concerns)
            {
                trace?.Add($"another server takes over shard {entry.Shard}");
                _model.Restart(entry.TakeOver, Now, concerns);
                continue;
            }

            if (entry.IsBusy)
                _model.ExpectBusy(entry.Ticket);
            else
                _model.Apply(_unanswered[entry.Ticket], !_isDraining, Now);
        }

        foreach (var (ticket, request) in lost)
        {
            _unanswered.Remove(ticket);
            if (_model.Expected.TryGetValue(ticket, out var reply))
                Invariants.NoteReply(request, reply, Now);
            _model.Forget(ticket);
            Lose(request);
        }

        Compare(replies);
    }

    // Delivers replies on the way: the network keeps no order between the two directions.
    private void TakeBatch(TimeSpan until, int countMax)
    {
        _batch.Clear();
        while (_batch.Count < countMax && _network.TryPeek(out var delivery, out var priority) && priority.At <= until)
        {
            _network.Dequeue();
            Statistics.Events++;
            if (delivery.Reply is null)
            {
                _batch.Add(delivery.Request);
                continue;
            }

            trace?.Add($"{Name(delivery.Request)} gets {Printable.Of(delivery.Reply)} to {delivery.Request}");
            _players[delivery.Request.Player].Receive(delivery.Request, delivery.Reply);
        }
    }

    private bool Submit(Request request)
    {
        request.Ticket = ++_tickets;
        _unanswered.Add(request.Ticket, request);
        Invariants.NoteUse(request);
        var isAccepted = server.Submit(request, !_isDraining, Now);
        if (isAccepted == request.Refusal is not null)
        {
            throw new MismatchException(Printable.Of(request.Refusal ?? "to be accepted"u8.ToArray()),
                $"{(isAccepted ? "accepted" : "refused")}: {request}");
        }

        if (isAccepted)
            Statistics.Requests[(int)request.Symbol]++;
        else
            Statistics.Malformed++;
        return isAccepted;
    }

    private readonly record struct Delivery(Request Request, byte[]? Reply);
}
