using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>The players from registration to the start of the game: symbols 0 to 4 (PROTOCOL.md, "Pairing").</summary>
internal sealed partial class Lobby(RulesOptions options, KeyAllocator keys, Deadlines deadlines, Responder responder,
    IGames games, TableStatistics statistics) : ILobby
{
    private readonly Dictionary<ulong, Player> _players = [];
    private readonly Dictionary<TokenKey, Player> _byToken = [];
    private readonly Dictionary<ClientAddress, int> _registrations = [];
    private readonly WaitingQueues _queues = new();

    /// <summary>The <see cref="Player.Order"/> of the next registration.</summary>
    public long NextOrder { get; set; }

    public int PlayerCount => _players.Count;

    public IReadOnlyCollection<Player> Players => _players.Values;

    /// <summary>Whether no state is left, as after every player has left.</summary>
    public bool IsEmpty => _players.Count == 0 && _byToken.Count == 0 && _registrations.Count == 0
        && _queues.IsEmpty;

    /// <summary>The players who named nobody and wait in this pool; null: in none.</summary>
    public WaitingLine GetWaiting(string? pool, TimeSpan now) => _queues.GetWaiting(pool, now);

    /// <summary>The registration with this key; null when there is none.</summary>
    public Player? Find(ulong key) => _players.GetValueOrDefault(key);

    /// <summary>
    /// Adds a player from a snapshot; call <see cref="RebuildQueues"/> after the last one. False if its key or token is
    /// in use.
    /// </summary>
    public bool TryRestore(Player player)
    {
        _registrations[player.From] = _registrations.GetValueOrDefault(player.From) + 1;
        statistics.Restore(player.Status);
        return _players.TryAdd(player.Key, player)
            && (player.Token is null || _byToken.TryAdd(TokenKey.Of(player), player));
    }

    /// <summary>Queues the waiting players, once all players are restored.</summary>
    public void RebuildQueues()
    {
        foreach (var player in Players.Where(player => player.Status == PlayerStatus.Waiting)
            .OrderBy(player => player.Order))
        {
            _queues.Join(player);
        }
    }

    public void Register(in Arrival arrival, TimeSpan now)
    {
        var request = arrival.Request;
        var body = arrival.Body.Span;
        var name = Encoding.UTF8.GetString(body[request.Name]);
        var wanted = TextOrNull(body[request.Partner]);
        var pool = TextOrNull(body[request.Pool]);
        var token = TextOrNull(body[request.Token]);
        if (token is not null && _byToken.TryGetValue(new TokenKey(name, wanted, pool, token), out var known))
        {
            if (TryNote(known, arrival, now))
                responder.Send(arrival.Ticket, Reply.Registered(known.Key));
            return;
        }

        if (_players.Count >= options.PlayersMax)
        {
            responder.Reject(arrival.Ticket, ErrorCode.PairingKeysMaxed);
            return;
        }

        var registrations = _registrations.GetValueOrDefault(arrival.From);
        if (options.PlayersPerAddressMax > 0 && registrations >= options.PlayersPerAddressMax
            && !arrival.From.IsLoopback)
        {
            responder.Reject(arrival.Ticket, ErrorCode.RateLimited);
            return;
        }

        var player = new Player(keys.DrawUnused(_players), name, wanted, arrival.From, options)
        {
            Pool = pool,
            Token = token,
            LongTimeout = request.LongTimeout,
            RegisteredAt = now,
            Order = NextOrder++,
            LastHeard = now,
        };
        _players.Add(player.Key, player);
        _registrations[arrival.From] = registrations + 1;
        if (token is not null)
            _byToken.Add(TokenKey.Of(player), player);
        _queues.Join(player);
        deadlines.Add(player);
        statistics.Register();
        responder.Send(arrival.Ticket, Reply.Registered(player.Key));
    }

    public void Unregister(in Arrival arrival, TimeSpan now)
    {
        if (!_players.TryGetValue(arrival.Request.Key, out var player))
        {
            responder.Reject(arrival.Ticket, ErrorCode.NotRegistered);
            return;
        }

        if (player.Status == PlayerStatus.Playing)
        {
            if (!games.TryLeave(player, arrival.Ticket, now))
                return;
        }
        else
        {
            responder.NoteRequest(player, now);
            Remove(player, now);
        }

        responder.Send(arrival.Ticket, Reply.Ok(ReplyCode.UnregisterOk));
    }

    public void MapInit(in Arrival arrival, TimeSpan now)
    {
        if (!TryFind(arrival, now, out var player) || !IsInStep(arrival, player, PlayerStatus.Paired, now))
            return;
        if (player.Status == PlayerStatus.Paired)
            SetStatus(player, PlayerStatus.Loading);
        responder.Send(arrival.Ticket, InitReply(player));
    }

    public void MapReady(in Arrival arrival, TimeSpan now)
    {
        if (!TryFind(arrival, now, out var player) || !IsInStep(arrival, player, PlayerStatus.Loading, now))
            return;
        if (player.Status != PlayerStatus.Playing)
        {
            SetStatus(player, PlayerStatus.Ready);
            var partner = player.Partner!;
            if (partner.Status != PlayerStatus.Ready)
            {
                responder.SendOrHold(arrival, player, ReplyCode.PartnerLoad, now);
                return;
            }

            if (games.Count >= options.GamesMax)
            {
                var full = Reply.Refuse(ErrorCode.GameKeysMaxed);
                responder.Release(partner, full, now);
                player.Partner = partner.Partner = null;
                Drop(partner, DropCause.GamesFull, now);
                Drop(player, DropCause.GamesFull, now);
                responder.Send(arrival.Ticket, full);
                return;
            }

            StartGame(player, partner, arrival.Ticket, now);
            return;
        }

        responder.Send(arrival.Ticket, PlayingReply(player));
    }

    /// <summary>Whether this player is still registered.</summary>
    public bool Has(Player player) => _players.TryGetValue(player.Key, out var live) && ReferenceEquals(live, player);

    /// <summary>Drops a player whose timeout has passed.</summary>
    public void TimeOut(Player player, TimeSpan now) => Drop(player,
        player.Status == PlayerStatus.Waiting ? DropCause.SilentWaiting : DropCause.SilentLoading, now);

    /// <summary>Tells the players of a new game their seats.</summary>
    /// <param name="readyLast">Gets seat 0.</param>
    /// <param name="other">Gets seat 1.</param>
    /// <param name="seats">The seats.</param>
    /// <param name="ticket">The request that started the game; number 0: it has been lost.</param>
    /// <param name="now">The time.</param>
    public void TakeSeats(Player? readyLast, Player? other, in SeatPair seats, Ticket ticket, TimeSpan now)
    {
        if (other is not null)
        {
            other.Seat = new SeatId(seats.Second, 1);
            responder.Release(other, PlayingReply(other), now);
        }

        if (readyLast is null)
            return;
        readyLast.Seat = new SeatId(seats.First, 0);
        if (ticket.Number != 0)
            responder.Send(ticket, PlayingReply(readyLast));
    }

    /// <summary>Answers a request by the pairing key of a player whose game has started.</summary>
    public void AnswerPlaying(Player player, Symbol symbol, Ticket ticket) => responder.Send(ticket, symbol switch
    {
        Symbol.Register => Reply.Registered(player.Key),
        Symbol.RequestPair => Reply.Paired(player.IsHost, player.PartnerName),
        Symbol.MapInit => InitReply(player),
        _ => PlayingReply(player),
    });

    /// <inheritdoc/>
    public long Retire(ulong pairingKey)
    {
        if (Find(pairingKey) is { } registered)
            Retire(registered);
        return 0;
    }

    /// <inheritdoc/>
    public void EndGame()
    {
        // The games have counted it.
    }

    /// <summary>Ends a registration. The player's seat, if it has one, stays.</summary>
    private void Retire(Player player)
    {
        _players.Remove(player.Key);
        statistics.Retire(player.Status);
        if (player.Token is not null)
            _byToken.Remove(TokenKey.Of(player));
        var registrations = _registrations[player.From] - 1;
        if (registrations == 0)
            _registrations.Remove(player.From);
        else
            _registrations[player.From] = registrations;
    }

    private static Reply InitReply(Player player) =>
        Reply.Ok(player.IsHost ? ReplyCode.InitServer : ReplyCode.InitClient);

    private static Reply PlayingReply(Player player) => Reply.Playing(player.Seat!.Value.Key, player.Seat.Value.Number);

    private static string? TextOrNull(ReadOnlySpan<byte> field) =>
        field.IsEmpty ? null : Encoding.UTF8.GetString(field);

    // Finds the sender and notes the request. False: it is rejected, or answered later.
    private bool TryFind(in Arrival arrival, TimeSpan now, out Player player)
    {
        if (!_players.TryGetValue(arrival.Request.Key, out player!))
        {
            responder.Reject(arrival.Ticket, ErrorCode.NotRegistered);
            return false;
        }

        return TryNote(player, arrival, now);
    }

    // Notes a request. False: it is answered later.
    private bool TryNote(Player player, in Arrival arrival, TimeSpan now)
    {
        if (player.Status == PlayerStatus.Playing)
            return games.TryHear(player, arrival.Request.Symbol, arrival.Ticket, now);
        responder.NoteRequest(player, now);
        return true;
    }

    // Checks the status for symbols 3 and 4; one that comes too early drops the player.
    private bool IsInStep(in Arrival arrival, Player player, PlayerStatus earliest, TimeSpan now)
    {
        if (player.Status == PlayerStatus.Deserted)
        {
            responder.Send(arrival.Ticket, HandlePartnerLeft(player, now));
            return false;
        }

        // The player may have a new partner already, but means the one that left.
        if (player.PartnerDropSent)
        {
            responder.Send(arrival.Ticket, PartnerDrop);
            return false;
        }

        if (player.Status >= earliest)
            return true;

        Drop(player, DropCause.OutOfStep, now);
        responder.Send(arrival.Ticket, Reply.Refuse(ErrorCode.Dropped));
        return false;
    }

    private void StartGame(Player readyLast, Player other, Ticket ticket, TimeSpan now)
    {
        readyLast.Partner = other.Partner = null;
        SetStatus(readyLast, PlayerStatus.Playing);
        SetStatus(other, PlayerStatus.Playing);
        var start = new GameStart(SeatTaker.Of(readyLast), SeatTaker.Of(other), readyLast.Pool);
        if (games.Start(start, ticket, now) is { } seats)
            TakeSeats(readyLast, other, seats, ticket, now);
        deadlines.Remove(readyLast);
        deadlines.Remove(other);
    }

    private void SetStatus(Player player, PlayerStatus status)
    {
        statistics.Move(player.Status, status);
        player.Status = status;
    }

    private void Drop(Player player, DropCause cause, TimeSpan now)
    {
        statistics.Drop(cause);
        Remove(player, now);
    }

    private void Remove(Player player, TimeSpan now)
    {
        if (player.Status == PlayerStatus.Waiting)
            _queues.Leave(player);
        deadlines.Remove(player);
        Retire(player);
        if (player.Partner is not { } partner)
            return;
        player.Partner = null;
        OnPartnerLeft(partner, player, now);
    }

    // What a token stands for (PROTOCOL.md, "Pairing").
    private readonly record struct TokenKey(string Name, string? Wanted, string? Pool, string Token)
    {
        public static TokenKey Of(Player player) => new(player.Name, player.Wanted, player.Pool, player.Token!);
    }
}
