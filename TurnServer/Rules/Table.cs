using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>
/// The whole state of the server and the rules it follows: a deterministic state machine without clock, chance or
/// tasks. The same requests at the same times with the same keys give the same answers.
/// </summary>
public sealed class Table
{
    private readonly Deadlines _deadlines = new();
    private readonly Responder _responder;
    private readonly TableStatistics _counters = new();
    private readonly KeyAllocator _keys;
    private readonly Lobby _lobby;
    private readonly Games _games;
    private TimeSpan _now = TimeSpan.MinValue;

    /// <summary>An empty table that applies these limits and draws its keys from this source.</summary>
    public Table(RulesOptions options, IKeySource keys)
    {
        _responder = new Responder(_deadlines);
        _keys = new KeyAllocator(keys);
        _games = new Games(options, _keys, _deadlines, _responder, _counters)
        {
            Retire = player => _lobby!.Retire(player),
        };
        _lobby = new Lobby(options, _keys, _deadlines, _responder, _games, _counters);
    }

    /// <summary>How many registrations are live.</summary>
    public int PlayerCount => _lobby.PlayerCount;

    /// <summary>How many games are under way.</summary>
    public int GameCount => _games.Count;

    /// <summary>
    /// The time at which <see cref="Tick"/> has something to do, or a little earlier; null when nothing will ever be
    /// due.
    /// </summary>
    public TimeSpan? NextDeadline => _deadlines.Next;

    /// <summary>The last time that it has been told; zero at first.</summary>
    public TimeSpan Now => _now > TimeSpan.Zero ? _now : TimeSpan.Zero;

    /// <summary>The keys that the last <see cref="Apply"/> has drawn, in order: two at the most.</summary>
    public ReadOnlySpan<ulong> KeysDrawn => _keys.Drawn;

    /// <summary>
    /// Whether the last <see cref="Apply"/> refused its request before anything was done for it: it came to the same as
    /// a <see cref="Tick"/>.
    /// </summary>
    public bool ChangedNothing => _responder.ChangedNothing;

    /// <summary>Turns taken for a partner since counting began.</summary>
    public long Turns => _counters.Turns;

    /// <summary>The last key that was drawn; 0 before the first.</summary>
    public ulong LastKey => _keys.Last;

    internal TableParts Parts => new(_lobby, _games, _deadlines, _counters, _keys, Now);

    /// <summary>Whether nothing at all is kept, as after everyone has left.</summary>
    public bool IsEmpty => _lobby.IsEmpty && _games.IsEmpty && _deadlines.Count == 0;

    /// <summary>
    /// Takes one request. The answers are to it, to held ones that it released, and to those whose time had come before
    /// it; when none is to it, its reply is held. They are good until the next call.
    /// </summary>
    /// <param name="arrival">The request and its circumstances.</param>
    /// <param name="now">The time since some fixed moment. One earlier than a time seen before counts as that.</param>
    public ReadOnlySpan<Answer> Apply(in Arrival arrival, TimeSpan now)
    {
        _responder.Clear();
        _keys.Clear();
        now = Advance(now);
        switch (arrival.Request.Symbol)
        {
            case Symbol.Register: _lobby.Register(arrival, now); break;
            case Symbol.Unregister: _lobby.Unregister(arrival, now); break;
            case Symbol.RequestPair: _lobby.RequestPair(arrival, now); break;
            case Symbol.MapInit: _lobby.MapInit(arrival, now); break;
            case Symbol.MapReady: _lobby.MapReady(arrival, now); break;
            case Symbol.GameQuit: _games.Quit(arrival, now); break;
            case Symbol.GameUpdate: _games.Update(arrival, now); break;
            default: throw new ArgumentOutOfRangeException(nameof(arrival), arrival.Request.Symbol, "No such symbol.");
        }

        return _responder.Answers;
    }

    /// <summary>Does what is due at this time: ends held replies and drops who was silent too long.</summary>
    /// <param name="now">As in <see cref="Apply"/>.</param>
    public ReadOnlySpan<Answer> Tick(TimeSpan now)
    {
        _responder.Clear();
        Advance(now);
        return _responder.Answers;
    }

    /// <summary>
    /// Extends all deadlines after a suspension. Call it instead of <see cref="Tick"/>, and before applying requests
    /// that arrived during the suspension. One pass over the deadlines; their order does not change.
    /// </summary>
    /// <param name="suspension">The suspension.</param>
    /// <param name="now">When it ended; as in <see cref="Apply"/>.</param>
    public ReadOnlySpan<Answer> ExtendDeadlines(in Suspension suspension, TimeSpan now)
    {
        _responder.Clear();
        AdvanceClock(now);
        for (var i = 0; i < _deadlines.Count; i++)
            _deadlines[i].Participant.ExtendDeadline(suspension, _now);
        Advance(_now);
        return _responder.Answers;
    }

    /// <summary>Advances the clock for read-only queries; nothing may be due.</summary>
    /// <param name="now">As in <see cref="Apply"/>; before <see cref="NextDeadline"/>.</param>
    public void AdvanceClock(TimeSpan now)
    {
        if (now > _now)
            _now = now;
    }

    /// <summary>Releases all held replies unchanged, before the server stops.</summary>
    public ReadOnlySpan<Answer> ReleaseAll(TimeSpan now)
    {
        _responder.Clear();
        now = Advance(now);
        foreach (var player in _lobby.Players)
            _responder.ReleaseUnchanged(player, now);
        foreach (var seat in _games.Seats)
            _responder.ReleaseUnchanged(seat, now);
        return _responder.Answers;
    }

    /// <summary>
    /// Goes on after the server was away, from where it was: all replies that were held are lost, nobody is dropped
    /// within the grace period, and what goes up only is counted anew.
    /// </summary>
    /// <param name="keys">Where keys are drawn from now on.</param>
    /// <param name="grace">For how long nobody is dropped who is not heard from; longer timeouts stay.</param>
    public void Resume(IKeySource keys, TimeSpan grace)
    {
        ReleaseAll(_now);
        _responder.Clear();
        _keys.Use(keys);
        _counters.Reset();
        var until = Now + grace;
        foreach (var player in _lobby.Players)
            ExtendDeadlineTo(player, until);
        foreach (var seat in _games.Seats)
            ExtendDeadlineTo(seat, until);
    }

    /// <summary>
    /// Writes the whole table down, in parts that a <see cref="TableSnapshotReader"/> makes a table of which goes on
    /// exactly as this one.
    /// </summary>
    public void WriteSnapshot(SnapshotSink sink) => TableSnapshotWriter.Write(Parts, sink);

    internal void SetTime(TimeSpan now) => _now = now;

    /// <summary>How much of everything there is and has been.</summary>
    public TableStatistics Count() => _counters.Copy();

    /// <summary>Both registries as they are, for people to read.</summary>
    /// <param name="rowsMax">The most rows of each.</param>
    public TableView View(int rowsMax) => new()
    {
        PlayerCount = PlayerCount,
        GameCount = GameCount,
        Players = [.. _lobby.Players.Take(rowsMax).Select(player => PlayerView.Of(player, _now))],
        Games = [.. _games.Seats.Where(seat => seat.Number == 0).Take(rowsMax)
            .Select(seat => GameView.Of(seat.Game, _now))],
    };

    /// <summary>Goes on with a search; null while it is not at its end. Not to be called again after that.</summary>
    /// <param name="search">The search; always of the same table.</param>
    /// <param name="looksMax">How many players and seats to look at.</param>
    public TableMatches? Continue(TableSearch search, int looksMax)
    {
        ArgumentNullException.ThrowIfNull(search);
        return search.Step(_lobby, _games, _now, looksMax);
    }

    // Timeouts may be shorter now than when the deadline was noted.
    private void ExtendDeadlineTo(Participant participant, TimeSpan until)
    {
        participant.ExtendDeadlineTo(until);
        if (participant.HeapIndex >= 0)
            _deadlines.Hasten(participant);
    }

    private TimeSpan Advance(TimeSpan now)
    {
        AdvanceClock(now);
        while (_deadlines.TryFindDue(_now, out var due))
            Expire(due);
        _lobby.RetryPairing(_now);
        return _now;
    }

    private void Expire(Participant due)
    {
        if (due.Deadline > _now)
            _lobby.EndExclusions((Player)due, _now);
        else if (due.IsHeld)
            _responder.ReleaseUnchanged(due, _now);
        else if (due is Player player)
            _lobby.FallSilent(player, _now);
        else
            _games.Leave((Seat)due, Departure.FellSilent, _now);
    }
}

/// <summary>The parts of a table, for serializers and tests.</summary>
/// <param name="Lobby">All players before their game.</param>
/// <param name="Games">All games.</param>
/// <param name="Deadlines">All deadlines.</param>
/// <param name="Counters">The counters.</param>
/// <param name="Keys">The keys drawn.</param>
/// <param name="Now">See <see cref="Table.Now"/>.</param>
internal readonly record struct TableParts(Lobby Lobby, Games Games, Deadlines Deadlines, TableStatistics Counters,
    KeyAllocator Keys, TimeSpan Now);
