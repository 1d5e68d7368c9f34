using TurnServer.Protocol;
using TurnServer.Rules.Shards;

namespace TurnServer.Rules;

/// <summary>
/// All state of the server, or of one shard of a cluster, and its rules: a deterministic state machine without a clock,
/// randomness or tasks. The same requests and messages at the same times with the same keys give the same answers.
/// </summary>
public sealed partial class Table
{
    private readonly Deadlines _deadlines = new();
    private readonly Responder _responder;
    private readonly TableStatistics _statistics = new();
    private readonly KeyAllocator _keys;
    private readonly Lobby _lobby;
    private readonly Games _games;
    private readonly RemoteGames? _remoteGames;
    private readonly RemoteLobby? _remoteLobby;
    private readonly List<ShardChannel> _toHandOut = [];
    private TimeSpan _now = TimeSpan.MinValue;

    /// <summary>Creates an empty table.</summary>
    /// <param name="options">Timeouts and limits.</param>
    /// <param name="keys">The source of new keys.</param>
    /// <param name="role">Which part of everything it holds.</param>
    public Table(RulesOptions options, IKeySource keys, ShardRole role = default)
    {
        Role = role;
        _responder = new Responder(_deadlines);
        _keys = new KeyAllocator(keys);
        _games = new Games(options, _keys, _deadlines, _responder, _statistics);
        _remoteGames = role.HasGames ? null : new RemoteGames(role.GameShards, _responder, _toHandOut);
        _remoteLobby = role.HasLobby ? null : new RemoteLobby(_games, _responder, _toHandOut);
        _lobby = new Lobby(options, _keys, _deadlines, _responder, (IGames?)_remoteGames ?? _games, _statistics);
        _games.Lobby = (ILobby?)_remoteLobby ?? _lobby;
        _remoteGames?.Lobby = _lobby;
        Channels = _remoteGames?.Channels ?? (_remoteLobby is null ? [] : [_remoteLobby.Channel]);
    }

    /// <summary>Which part of everything it holds.</summary>
    public ShardRole Role { get; }

    /// <summary>The number of live registrations.</summary>
    public int PlayerCount => _lobby.PlayerCount;

    /// <summary>The number of running games.</summary>
    public int GameCount => _games.Count;

    /// <summary>
    /// The time at which <see cref="Tick"/> next has something to do, or a little earlier; null if there is nothing to
    /// wait for.
    /// </summary>
    public TimeSpan? NextDeadline => _deadlines.Next;

    /// <summary>The latest time passed in; zero at first.</summary>
    public TimeSpan Now => _now > TimeSpan.Zero ? _now : TimeSpan.Zero;

    /// <summary>The keys that the last <see cref="Apply"/> or <see cref="Receive"/> drew, in order.</summary>
    public ReadOnlySpan<ulong> KeysDrawn => _keys.Drawn;

    /// <summary>
    /// Whether the last <see cref="Apply"/> refused its request without changing any state for it: its effect was that
    /// of a <see cref="Tick"/>.
    /// </summary>
    public bool ChangedNothing => _responder.ChangedNothing;

    /// <summary>Turns relayed since the statistics were reset.</summary>
    public long Turns => _statistics.Turns;

    /// <summary>The last key drawn; 0 before the first.</summary>
    public ulong LastKey => _keys.Last;

    internal TableParts Parts => new(_lobby, _games, _deadlines, _statistics, _keys, Now, _remoteGames, _remoteLobby);

    /// <summary>Whether no state is left, as after all players have left.</summary>
    public bool IsEmpty => _lobby.IsEmpty && _games.IsEmpty && _deadlines.Count == 0
        && _remoteGames is not { Count: > 0 } && Channels.All(channel => channel.Unacknowledged.Count == 0);

    /// <summary>
    /// Applies one request. The answers are to it, to held requests that it released, and to those that were due before
    /// it. If none is to it, its reply is held. They are valid until the next call.
    /// </summary>
    /// <param name="arrival">The request and its context.</param>
    /// <param name="now">The time since a fixed moment. The table's clock does not go back.</param>
    public ReadOnlySpan<Answer> Apply(in Arrival arrival, TimeSpan now)
    {
        _responder.Clear();
        _keys.Clear();
        if (arrival.Request.Symbol is Symbol.GameQuit or Symbol.GameUpdate ? !Role.HasGames : !Role.HasLobby)
            throw new ArgumentException($"Shard {Role.Number} does not answer this request.", nameof(arrival));
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

    /// <summary>Does what is due: releases held replies and drops participants that timed out.</summary>
    /// <param name="now">As in <see cref="Apply"/>.</param>
    public ReadOnlySpan<Answer> Tick(TimeSpan now)
    {
        _responder.Clear();
        Advance(now);
        return _responder.Answers;
    }

    /// <summary>
    /// Extends all deadlines after a suspension. Call it instead of <see cref="Tick"/>, and before applying requests
    /// that arrived during the suspension. One pass over deadlines and seats; the order of deadlines does not change.
    /// </summary>
    /// <param name="suspension">The suspension.</param>
    /// <param name="now">When it ended; as in <see cref="Apply"/>.</param>
    public ReadOnlySpan<Answer> ExtendDeadlines(in Suspension suspension, TimeSpan now)
    {
        _responder.Clear();
        AdvanceClock(now);
        for (var i = 0; i < _deadlines.Count; i++)
            _deadlines[i].Participant.ExtendDeadline(suspension, _now);
        // Seats that were left have no deadline, but their silence is told.
        foreach (var seat in _games.Seats)
        {
            if (seat.Left is not null)
                seat.LastHeard += suspension.Gap;
        }

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
    /// Resumes after a restart: discards the held replies, extends all deadlines to the end of the grace period, and
    /// resets the statistics. Those of a shard go on, as it resumes whenever it moves.
    /// </summary>
    /// <param name="keys">The key source from now on.</param>
    /// <param name="grace">No participant times out before this; later deadlines stay.</param>
    public void Resume(IKeySource keys, TimeSpan grace)
    {
        ReleaseAll(_now);
        _responder.Clear();
        _remoteGames?.ForgetQuestions();
        _keys.SetSource(keys);
        if (Role == ShardRole.Whole)
            _statistics.Reset();
        var until = Now + grace;
        foreach (var player in _lobby.Players)
            ExtendDeadlineTo(player, until);
        foreach (var seat in _games.Seats)
        {
            // A seat that was left has no deadline; its partner is told when it was last heard from.
            if (seat.Left is null)
                ExtendDeadlineTo(seat, until);
        }
    }

    /// <summary>Draws new keys from another source from now on.</summary>
    public void DrawKeysFrom(IKeySource keys) => _keys.SetSource(keys);

    /// <summary>An identical table under other rules; this one is not to be used any more.</summary>
    internal Table CopyWithRules(RulesOptions rules, IKeySource keys)
    {
        var reader = new TableSnapshotReader(rules, keys, Role);
        WriteSnapshot(reader.Read);
        return reader.Finish();
    }

    /// <summary>
    /// Writes a snapshot in parts, of which a <see cref="TableSnapshotReader"/> makes an identical table.
    /// </summary>
    public void WriteSnapshot(SnapshotSink sink) => TableSnapshotWriter.Write(Parts, sink);

    internal void SetTime(TimeSpan now) => _now = now;

    /// <summary>How much of everything there is and has been.</summary>
    public TableStatistics GetStatistics() => _statistics.Copy();

    /// <summary>The line of strangers in a pool (PROTOCOL.md, "Pools"), in constant time.</summary>
    /// <param name="pool">Null: those who named no pool.</param>
    public WaitingLine GetWaiting(string? pool) => _lobby.GetWaiting(pool, _now);

    /// <summary>The players and games, for display.</summary>
    /// <param name="rowsMax">The most rows of each.</param>
    public TableView View(int rowsMax) => new()
    {
        PlayerCount = PlayerCount,
        GameCount = GameCount,
        Players = [.. _lobby.Players.Take(rowsMax).Select(player => PlayerView.Of(player, _now))],
        Games = [.. _games.Seats.Where(seat => seat.Number == 0).Take(rowsMax)
            .Select(seat => GameView.Of(seat.Game, _now))],
    };

    /// <summary>Continues a search. Null until it is complete; do not call it again then.</summary>
    /// <param name="search">The search; always of the same table.</param>
    /// <param name="budget">How many players and seats to examine.</param>
    public TableMatches? Continue(TableSearch search, int budget)
    {
        ArgumentNullException.ThrowIfNull(search);
        return search.Step(_lobby, _games, _now, budget);
    }

    // Timeouts may be shorter now than when the heap entry was made.
    private void ExtendDeadlineTo(Participant participant, TimeSpan until)
    {
        participant.ExtendDeadlineTo(until);
        if (participant.HeapIndex >= 0)
            _deadlines.MoveUp(participant);
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
            _lobby.TimeOut(player, _now);
        else
            _games.Leave((Seat)due, Departure.TimedOut, _now);
    }
}

/// <summary>The parts of a table, for serializers and tests.</summary>
/// <param name="Lobby">All players before their game.</param>
/// <param name="Games">All games.</param>
/// <param name="Deadlines">All deadlines.</param>
/// <param name="Statistics">The statistics.</param>
/// <param name="Keys">The keys drawn.</param>
/// <param name="Now">See <see cref="Table.Now"/>.</param>
/// <param name="RemoteGames">In the lobby of a cluster.</param>
/// <param name="RemoteLobby">In a shard with games.</param>
internal readonly record struct TableParts(Lobby Lobby, Games Games, Deadlines Deadlines, TableStatistics Statistics,
    KeyAllocator Keys, TimeSpan Now, RemoteGames? RemoteGames, RemoteLobby? RemoteLobby);
