using System.Text.Json;
using Prometheus;
using TurnServer.Actor;
using TurnServer.Rules;

namespace TurnServer.Admin.Metrics;

/// <summary>
/// What the actor and the rules count, as series; none of them is there while the actor does not answer.
/// </summary>
internal sealed class ActorMeters
{
    private readonly List<ChildBase> _all = [];
    private readonly Gauge _responding;
    private readonly Gauge.Child[] _players;
    private readonly Gauge.Child _games;
    private readonly Gauge.Child _held;
    private readonly Gauge.Child _backlog;
    private readonly Gauge.Child _mailbox;
    private readonly Counter.Child[] _drops;
    private readonly Counter.Child _registrations;
    private readonly Counter.Child _gamesStarted;
    private readonly Counter.Child _turns;
    private readonly Counter.Child _turnBytes;
    private readonly Counter.Child _messages;
    private readonly Counter.Child _busy;

    public ActorMeters(IMetricFactory factory)
    {
        _responding = factory.CreateGauge("turnserver_actor_responding",
            "Whether the part that owns the games answered within a second: 1, or 0, and its figures are not here.");
        _players = GaugesBy<PlayerStatus>(factory, "turnserver_players", "Live registrations by status.", "status");
        _games = GaugeOf(factory, "turnserver_games", "Games under way, those that one player has left included.");
        _held = GaugeOf(factory, "turnserver_held_replies", "Replies that are being held.");
        _backlog = GaugeOf(factory, "turnserver_backlog_bytes",
            "Bytes of turns on their way to their receivers, or not yet acknowledged by them.");
        _mailbox = GaugeOf(factory, "turnserver_mailbox_messages",
            "Messages that wait for the part that owns the games.");
        // It does not change, and is there even when the actor does not answer.
        factory.CreateGauge("turnserver_mailbox_capacity_messages", "The most messages that may wait.")
            .Set(TurnActor.MailboxCapacity);
        _drops = CountersBy<DropCause>(factory, "turnserver_drops_total",
            "Registrations and seats that were ended unasked.", "cause");
        _registrations = CounterOf(factory, "turnserver_registrations_total",
            "Registrations; a repeated one with its token counts once.");
        _gamesStarted = CounterOf(factory, "turnserver_games_started_total", "Games that were started.");
        _turns = CounterOf(factory, "turnserver_turns_relayed_total",
            "Turns taken for a partner; repeated requests and empty turns do not count.");
        _turnBytes = CounterOf(factory, "turnserver_turns_relayed_bytes_total",
            "Bytes of the turns taken for a partner.");
        _messages = CounterOf(factory, "turnserver_actor_messages_total",
            "Messages handled by the part that owns the games: requests, inquiries and wake-ups.");
        _busy = CounterOf(factory, "turnserver_actor_busy_seconds_total",
            "Time for which the part that owns the games worked; it has one thread: 1 a second is all there is.");
    }

    /// <summary>Takes these figures over; null: the actor did not answer.</summary>
    public void Show(ActorStatistics? figures)
    {
        _responding.Set(figures is null ? 0 : 1);
        if (figures is null)
        {
            _all.ForEach(child => child.Unpublish());
            return;
        }

        var table = figures.Table;
        for (var i = 0; i < _players.Length; i++)
            _players[i].Set(table.PlayersByStatus[i]);
        for (var i = 0; i < _drops.Length; i++)
            _drops[i].IncTo(table.DropsByCause[i]);
        _games.Set(table.Games);
        _held.Set(figures.HeldReplies);
        _backlog.Set(table.BacklogBytes);
        _mailbox.Set(figures.MailboxDepth);
        _registrations.IncTo(table.Registrations);
        _gamesStarted.IncTo(table.GamesStarted);
        _turns.IncTo(table.Turns);
        _turnBytes.IncTo(table.TurnBytes);
        _messages.IncTo(figures.Messages);
        _busy.IncTo(figures.Busy.TotalSeconds);
    }

    private Gauge.Child GaugeOf(IMetricFactory factory, string name, string help) =>
        Kept(factory.CreateGauge(name, help, Hidden<GaugeConfiguration>()).WithLabels());

    private Counter.Child CounterOf(IMetricFactory factory, string name, string help) =>
        Kept(factory.CreateCounter(name, help, Hidden<CounterConfiguration>()).WithLabels());

    private Gauge.Child[] GaugesBy<T>(IMetricFactory factory, string name, string help, string label)
        where T : struct, Enum
    {
        var gauge = factory.CreateGauge(name, help, [label], Hidden<GaugeConfiguration>());
        return [.. Enum.GetValues<T>().Select(value => Kept(gauge.WithLabels(NameOf(value))))];
    }

    private Counter.Child[] CountersBy<T>(IMetricFactory factory, string name, string help, string label)
        where T : struct, Enum
    {
        var counter = factory.CreateCounter(name, help, [label], Hidden<CounterConfiguration>());
        return [.. Enum.GetValues<T>().Select(value => Kept(counter.WithLabels(NameOf(value))))];
    }

    // SilentWaiting is silent_waiting.
    private static string NameOf<T>(T value) where T : struct, Enum =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static T Hidden<T>() where T : MetricConfiguration, new() => new() { SuppressInitialValue = true };

    private T Kept<T>(T child) where T : ChildBase
    {
        _all.Add(child);
        return child;
    }
}
