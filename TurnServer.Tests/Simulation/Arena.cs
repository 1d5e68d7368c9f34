using TurnServer.Rules;
using TurnServer.Tests.Simulation.Model;
using TurnServer.Tests.Simulation.Players;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// The server, the model beside it and the network between it and the players. After each step the server is compared
/// with the model.
/// </summary>
internal sealed partial class Arena(World world, Server server, Trace? trace)
{
    // Not zero, so that a time that was forgotten shows.
    private static readonly TimeSpan Start = TimeSpan.FromHours(1);

    private readonly ModelTable _model = new(world.Options);
    private readonly PriorityQueue<Delivery, (TimeSpan At, long Number)> _network = new();
    private readonly Dictionary<long, Request> _unanswered = [];
    private readonly List<Request> _batch = [];
    private readonly List<SimPlayer> _players = [];

    // After a crash there are some of whose pairing nobody was told; and keys must mean one player.
    private readonly LineJudge? _line = server.CanCrash || world.RepeatsKeys ? null : new LineJudge(world);
    private long _deliveries;
    private long _tickets;
    private bool _isDraining;
    private bool _isDown;

    public Tallies Tallies { get; } = new();

    public Judge Judge { get; } = new(world);

    public IReadOnlyList<SimPlayer> Players => _players;

    public TimeSpan Now { get; private set; } = Start;

    public static TimeSpan At(long milliseconds) => Start + TimeSpan.FromMilliseconds(milliseconds);

    public void Seat(SimPlayer player) => _players.Add(player);

    /// <summary>Puts a request on its way, and the copy that the network makes of it.</summary>
    public void Send(Request? request, in Fate fate)
    {
        if (request is null)
            return;
        Send(request, fate.Request, isCopy: false);
        var player = _players[request.Player];
        if (fate.Copy < 0 || !(player.Temper.SaysReceived || request.Errand == 0))
            return;
        Tallies.Doubled++;
        Send(request.Again(fate.CopyReply), fate.Copy, isCopy: true);
    }

    /// <summary>Lets time pass until then, with all that happens meanwhile.</summary>
    public void RunUntil(TimeSpan end)
    {
        while (true)
        {
            var tick = TickAt;
            var hasDelivery = _network.TryPeek(out _, out var priority);
            // What came while the server stood still has waited for it.
            var delivery = !hasDelivery ? TimeSpan.MaxValue : priority.At > Now ? priority.At : Now;
            if (tick > end && delivery > end)
                break;
            if (tick <= delivery)
            {
                Turn(tick);
                Tick();
            }
            else
            {
                Turn(delivery);
                Deliver();
            }
        }

        Turn(end);
    }

    /// <summary>The server answers what it holds and holds nothing more.</summary>
    public void Drain()
    {
        if (_isDraining)
            return;
        trace?.Add($"the server drains");
        _isDraining = true;
        server.BeginBatch();
        server.ReleaseAll(Now);
        var replies = server.Settle(Now);
        _model.Begin(replies);
        _model.ReleaseAll(Now);
        Compare(replies);
    }

    /// <summary>
    /// The server stands still for a while. What is on its way meanwhile waits in the network until it goes on, which
    /// begins with its taking note of that time.
    /// </summary>
    public void Freeze(ulong draw)
    {
        Tick();
        var chance = new Chance(draw);
        var frozenAt = Now;
        Turn(Now + TimeSpan.FromMilliseconds(chance.Between(2_001, 90_000)));
        var suspension = new Suspension(Now - frozenAt, TimeSpan.FromSeconds(chance.Of([0.5, 7, 30, 1000])));
        trace?.Add($"the server goes on after {suspension.Gap}, with a grace of {suspension.Grace}");
        Tallies.Freezes++;
        server.BeginBatch();
        server.ExtendDeadlines(suspension, Now);
        var replies = server.Settle(Now);
        _model.Begin(replies);
        _model.ExtendDeadlines(suspension, Now);
        Compare(replies);
    }

    /// <summary>
    /// The server dies with a batch handed in and not settled, and starts again after a while. All replies that it
    /// holds or has not given are lost.
    /// </summary>
    public void Crash(ulong draw)
    {
        if (!server.CanCrash)
            return;
        Tick();
        var chance = new Chance(draw);
        TakeBatch(Now + TimeSpan.FromMilliseconds(50), chance.Below(4));
        server.BeginBatch();
        var handedIn = _batch.Where(HandIn).ToList();
        server.Crash(chance.Draw());
        var crashedAt = Now;
        var lost = _unanswered.ToDictionary();
        _unanswered.Clear();
        foreach (var request in lost.Values)
            Lose(request);
        trace?.Add($"the server crashes with {_batch.Count} requests in its batch");
        _isDown = true;
        RunUntil(Now + (server.DowntimeMax * (chance.Below(1000) / 1000.0)));
        _isDown = false;
        var recovery = server.Restart(Now);
        server.BeginBatch();
        _model.Begin(new Dictionary<long, byte[]>());
        foreach (var request in handedIn.Take(recovery.Survivors))
            _model.Take(request, !_isDraining, crashedAt);
        // What was on record has happened, though no reply has left.
        foreach (var (ticket, reply) in _model.Expected)
            Judge.NoteReply(lost[ticket], reply, crashedAt);
        _model.Restart(recovery);
        _isDraining = false;
        trace?.Add($"the server is back, with {recovery.Survivors} of them");
        Tallies.Crashes++;
        CompareState();
    }

    /// <summary>All must be gone.</summary>
    public void CheckEmpty()
    {
        CompareState();
        if (!server.IsEmpty || !_model.IsEmpty || server.NextDeadline is not null)
        {
            throw new Discrepancy("nothing kept when everybody is gone",
                server.IsEmpty ? "a deadline, or somebody in the model" : "something");
        }
    }

    // While the server is down nothing ticks.
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

    private void Turn(TimeSpan now)
    {
        Now = now;
        trace?.Turn(now - Start);
    }

    private void Send(Request request, int delay, bool isCopy)
    {
        var player = _players[request.Player];
        player.NoteSent(request);
        trace?.Add($"{Name(request)} {(isCopy ? "copy of" : "sends")} {request}{Fate("request", delay)}{Fate("reply",
            request.ReplyFate)}");
        if (request.Errand == 0)
            Tallies.Misbehaved++;
        if (delay < 0)
        {
            Lose(request);
            return;
        }

        Tallies.Late += delay > 0 ? 1 : 0;
        _network.Enqueue(new Delivery(request, null), (Now + TimeSpan.FromMilliseconds(delay), ++_deliveries));
    }

    private static string Fate(string what, int delay) => delay switch
    {
        < 0 => $" [{what} lost]",
        0 => "",
        _ => $" [{what} {delay} ms late]",
    };

    private string Name(Request request) => $"{request.Player} {Printable.Of(System.Text.Encoding.UTF8.GetBytes(
        _players[request.Player].Temper.Name))}";

    private void Lose(Request request)
    {
        Tallies.Lost++;
        _players[request.Player].NoteLost(request);
    }

    private void Tick()
    {
        Tallies.Ticks++;
        server.BeginBatch();
        server.Tick(Now);
        var replies = server.Settle(Now);
        _model.Begin(replies);
        _model.Advance(Now);
        Compare(replies);
        if (server.NextDeadline <= Now)
            throw new Discrepancy("a deadline to come", "one that has been ticked");
    }

    // What comes at the same moment is one batch.
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
        var handedIn = new List<Request>(_batch.Count);
        foreach (var request in _batch)
        {
            if (HandIn(request))
                handedIn.Add(request);
        }

        var replies = server.Settle(Now);
        _model.Begin(replies);
        foreach (var request in handedIn)
            _model.Take(request, !_isDraining, Now);
        Compare(replies);
        Tallies.Held += handedIn.Count(request => _unanswered.ContainsKey(request.Ticket));
    }

    // Replies among them reach their players at once, as the network keeps no order between the two directions.
    private void TakeBatch(TimeSpan until, int countMax)
    {
        _batch.Clear();
        while (_batch.Count < countMax && _network.TryPeek(out var delivery, out var priority) && priority.At <= until)
        {
            _network.Dequeue();
            Tallies.Steps++;
            if (delivery.Reply is null)
            {
                _batch.Add(delivery.Request);
                continue;
            }

            trace?.Add($"{Name(delivery.Request)} gets {Printable.Of(delivery.Reply)} to {delivery.Request}");
            _players[delivery.Request.Player].Receive(delivery.Request, delivery.Reply);
        }
    }

    private bool HandIn(Request request)
    {
        request.Ticket = ++_tickets;
        _unanswered.Add(request.Ticket, request);
        Judge.NoteUse(request);
        var isTaken = server.HandIn(request, !_isDraining, Now);
        if (isTaken == request.Refusal is not null)
        {
            throw new Discrepancy(Printable.Of(request.Refusal ?? "to be taken"u8.ToArray()),
                $"{(isTaken ? "taken" : "refused")}: {request}");
        }

        if (isTaken)
            Tallies.Requests[(int)request.Symbol]++;
        else
            Tallies.Malformed++;
        return isTaken;
    }

    private readonly record struct Delivery(Request Request, byte[]? Reply);
}
