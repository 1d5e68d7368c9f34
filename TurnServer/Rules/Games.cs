using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>Games under way: symbols 5 and 6 (PROTOCOL.md, "The game").</summary>
internal sealed class Games(RulesOptions options, KeyAllocator keys, Deadlines deadlines, Responder responder,
    TableStatistics counters)
{
    private readonly Dictionary<ulong, Seat> _seats = [];

    /// <summary>Ends a player's registration; set once by the table, as the lobby stands above the games.</summary>
    public required Action<Player> Retire { get; init; }

    public int Count => counters.Games;

    public Seat? Find(ulong key) => _seats.GetValueOrDefault(key);

    /// <summary>Adds a game that was written down; false when another has one of its keys.</summary>
    public bool TryRestore(Game game)
    {
        counters.Games++;
        counters.BacklogBytes += game[0].Backlog.Length + game[1].Backlog.Length;
        return _seats.TryAdd(game[0].Key, game[0]) && _seats.TryAdd(game[1].Key, game[1]);
    }

    public IReadOnlyCollection<Seat> Seats => _seats.Values;

    public bool IsEmpty => Count == 0 && _seats.Count == 0;

    /// <summary>Seats two players: 0 is the one who was ready last.</summary>
    public void Start(Player readyLast, Player other, TimeSpan now)
    {
        var game = new Game(now);
        Seat(readyLast, 0);
        Seat(other, 1);
        (game[0].Partner, game[1].Partner) = (game[1], game[0]);
        counters.Games++;
        counters.GamesStarted++;

        void Seat(Player player, byte number)
        {
            var seat = new Seat(keys.DrawUnused(_seats), number, game, player.Name, player.From, options)
            {
                Player = player,
                LastHeard = now,
            };
            _seats.Add(seat.Key, seat);
            game[number] = player.Seat = seat;
            deadlines.Add(seat);
        }
    }

    public void Quit(in Arrival arrival, TimeSpan now)
    {
        if (!TryFind(arrival, now, out var seat))
            return;
        Leave(seat, Departure.Quit, now);
        responder.Send(arrival.Ticket, Reply.Ok(ReplyCode.UnregisterOk));
    }

    public void Update(in Arrival arrival, TimeSpan now)
    {
        if (!TryFind(arrival, now, out var seat))
            return;
        var counter = arrival.Request.Counter;
        if (counter == seat.LastCounter)
        {
            seat.Backlog.HandOut();
            GiveBlock(arrival, seat, ReplyCode.GameRedundant, now);
            return;
        }

        // The last counter is at most 2⁶³−1, so only a subtraction cannot overflow.
        if (counter - 1 != seat.LastCounter)
        {
            var error = counter < seat.LastCounter ? ErrorCode.PlayerStateBehind : ErrorCode.PlayerStateAhead;
            responder.Send(arrival.Ticket, Reply.Refuse(error));
            return;
        }

        var turn = arrival.Body.Span[arrival.Request.Data];
        var partner = seat.Partner;
        var isDelivered = !turn.IsEmpty && partner.Left is null;
        if (isDelivered && !partner.Backlog.Fits(turn.Length))
        {
            responder.Send(arrival.Ticket, Reply.Refuse(ErrorCode.GameCacheMaxed));
            return;
        }

        seat.LastCounter = counter;
        var backlogBytes = seat.Backlog.Length;
        seat.Backlog.Acknowledge(arrival.Request.ReceivedBytes);
        counters.BacklogBytes -= backlogBytes - seat.Backlog.Length;
        seat.Backlog.HandOut();
        if (isDelivered)
            Deliver(turn, partner, now);
        GiveBlock(arrival, seat, ReplyCode.GameData, now);
    }

    /// <summary>Leaves a seat; the game goes with the second one.</summary>
    public void Leave(Seat seat, Departure departure, TimeSpan now)
    {
        seat.Left = departure;
        if (departure == Departure.FellSilent)
            counters.Drop(DropCause.SilentPlaying);
        counters.BacklogBytes -= seat.Backlog.Length;
        seat.Backlog.Clear();
        deadlines.Remove(seat);
        RetirePlayer(seat);
        var partner = seat.Partner;
        if (partner.Left is not null)
        {
            _seats.Remove(seat.Key);
            _seats.Remove(partner.Key);
            counters.Games--;
            return;
        }

        responder.Release(partner, PartnerLeft(seat), now);
    }

    // Finds the seat, notes that it was heard from, and ends the registration behind it; or refuses.
    private bool TryFind(in Arrival arrival, TimeSpan now, out Seat seat)
    {
        if (!_seats.TryGetValue(arrival.Request.Key, out seat!))
        {
            responder.Reject(arrival.Ticket, ErrorCode.NoGame);
            return false;
        }

        if (seat.Number != arrival.Request.Seat || seat.Left is not null)
        {
            responder.Reject(arrival.Ticket, ErrorCode.NoPlayerSelf);
            return false;
        }

        responder.NoteRequest(seat, now);
        RetirePlayer(seat);
        return true;
    }

    private void RetirePlayer(Seat seat)
    {
        if (seat.Player is not { } player)
            return;
        seat.Player = null;
        Retire(player);
    }

    private void Deliver(ReadOnlySpan<byte> turn, Seat to, TimeSpan now)
    {
        var backlogBytes = to.Backlog.Length;
        to.Backlog.Append(turn);
        counters.BacklogBytes += to.Backlog.Length - backlogBytes;
        counters.Relay(turn.Length);
        if (!to.IsHeld)
            return;
        to.Backlog.HandOut();
        var code = to.HeldCode == ReplyCode.GameNoData ? ReplyCode.GameData : ReplyCode.GameRedundant;
        responder.Release(to, Reply.WithTurns(code, to.Backlog.Block), now);
    }

    // What was handed out, or that the partner has left, or that there is nothing, now or after a while.
    private void GiveBlock(in Arrival arrival, Seat seat, ReplyCode code, TimeSpan now)
    {
        if (!seat.Backlog.Block.IsEmpty)
            responder.Send(arrival.Ticket, Reply.WithTurns(code, seat.Backlog.Block));
        else if (seat.Partner.Left is not null)
            responder.Send(arrival.Ticket, PartnerLeft(seat.Partner));
        else
            responder.SendOrHold(arrival, seat, code == ReplyCode.GameData ? ReplyCode.GameNoData : code, now);
    }

    private static Reply PartnerLeft(Seat partner) => Reply.Refuse(ErrorCode.NoPlayerPartner,
        partner.Left == Departure.Quit ? (byte)Symbol.GameQuit : null);
}
