using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>The running games: applies symbols 5 (quit) and 6 (update) (PROTOCOL.md, "The game").</summary>
internal sealed class Games(RulesOptions options, KeyAllocator keys, Deadlines deadlines, Responder responder,
    TableStatistics statistics) : IGames
{
    private readonly Dictionary<ulong, Seat> _seats = [];

    /// <summary>Where the players are registered. Set once, because the lobby depends on the games.</summary>
    public ILobby Lobby { get; set; } = null!;

    /// <inheritdoc/>
    public int Count => statistics.Games;

    public Seat? Find(ulong key) => _seats.GetValueOrDefault(key);

    /// <summary>Adds a game from a snapshot. False if one of its keys is in use.</summary>
    public bool TryRestore(Game game)
    {
        statistics.Games++;
        statistics.BacklogBytes += game[0].Backlog.Length + game[1].Backlog.Length;
        return _seats.TryAdd(game[0].Key, game[0]) && _seats.TryAdd(game[1].Key, game[1]);
    }

    public IReadOnlyCollection<Seat> Seats => _seats.Values;

    public bool IsEmpty => Count == 0 && _seats.Count == 0;

    /// <inheritdoc/>
    public SeatPair? Start(in GameStart start, Ticket ticket, TimeSpan now) => Start(start, now);

    /// <summary>Starts a game.</summary>
    public SeatPair Start(in GameStart start, TimeSpan now)
    {
        var game = new Game(now, start.Pool);
        AddSeat(game, start.First, 0, now);
        AddSeat(game, start.Second, 1, now);
        (game[0].Partner, game[1].Partner) = (game[1], game[0]);
        statistics.Games++;
        statistics.GamesStarted++;
        return new SeatPair(game[0].Key, game[1].Key);
    }

    /// <inheritdoc/>
    public bool TryHear(Player player, Symbol symbol, Ticket ticket, TimeSpan now)
    {
        responder.NoteRequest(SeatOf(player), now);
        return true;
    }

    /// <inheritdoc/>
    public bool TryLeave(Player player, Ticket ticket, TimeSpan now)
    {
        var seat = SeatOf(player);
        responder.NoteRequest(seat, now);
        Leave(seat, Departure.Quit, now);
        return true;
    }

    public void Quit(in Arrival arrival, TimeSpan now)
    {
        if (!TryAccept(arrival, now, out var seat))
            return;
        Leave(seat, Departure.Quit, now);
        responder.Send(arrival.Ticket, Reply.Ok(ReplyCode.UnregisterOk), seat.Awaits);
    }

    public void Update(in Arrival arrival, TimeSpan now)
    {
        if (!TryAccept(arrival, now, out var seat))
            return;
        var counter = arrival.Request.Counter;
        if (counter == seat.LastCounter)
        {
            seat.Backlog.HandOut();
            SendBlock(arrival, seat, ReplyCode.GameRedundant, now);
            return;
        }

        // counter - 1 cannot overflow, LastCounter + 1 could.
        if (counter - 1 != seat.LastCounter)
        {
            responder.Send(arrival.Ticket, Reply.RefuseCounter(counter, seat.LastCounter) with
            {
                Totals = seat.Totals,
            }, seat.Awaits);
            return;
        }

        var turn = arrival.Body.Span[arrival.Request.Data];
        var partner = seat.Partner;
        var hasTurnToDeliver = !turn.IsEmpty && partner.Left is null;
        if (hasTurnToDeliver && !partner.Backlog.Fits(turn.Length))
        {
            responder.Send(arrival.Ticket, Reply.Refuse(ErrorCode.GameCacheMaxed), seat.Awaits);
            return;
        }

        seat.LastCounter = counter;
        var backlogBytes = seat.Backlog.Length;
        var acknowledged = seat.Backlog.Acknowledge(arrival.Request.ReceivedBytes);
        if (seat.Totals is { } totals)
        {
            seat.Totals = new TurnTotals(totals.Taken + TurnTotals.Count(turn), totals.Acknowledged + acknowledged);
        }

        statistics.BacklogBytes -= backlogBytes - seat.Backlog.Length;
        seat.Backlog.HandOut();
        if (hasTurnToDeliver)
            Deliver(turn, partner, now);
        SendBlock(arrival, seat, ReplyCode.GameData, now);
    }

    /// <summary>Marks a seat as left and clears its backlog. Ends the game if the partner has left too.</summary>
    public void Leave(Seat seat, Departure departure, TimeSpan now)
    {
        seat.Left = departure;
        if (departure == Departure.TimedOut)
            statistics.Drop(DropCause.SilentPlaying);
        statistics.BacklogBytes -= seat.Backlog.Length;
        seat.Backlog.Clear();
        deadlines.Remove(seat);
        RetirePlayer(seat);
        var partner = seat.Partner;
        if (partner.Left is not null)
        {
            _seats.Remove(seat.Key);
            _seats.Remove(partner.Key);
            statistics.Games--;
            Lobby.EndGame();
            return;
        }

        responder.Release(partner, PartnerLeft(seat), now);
    }

    // Finds the seat, notes the request, which releases a held reply, and ends the player's registration. Rejects the
    // request if there is no such seat.
    private bool TryAccept(in Arrival arrival, TimeSpan now, out Seat seat)
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
        if (seat.PairingKey is not { } registered)
            return;
        seat.PairingKey = null;
        seat.Awaits = Lobby.Retire(registered);
    }

    private Seat SeatOf(Player player) => _seats[player.Seat!.Value.Key];

    private void AddSeat(Game game, in SeatTaker player, byte number, TimeSpan now)
    {
        var seat = new Seat(keys.DrawUnused(_seats), number, game, player.Name, player.From, options)
        {
            PairingKey = player.PairingKey,
            LastHeard = now,
        };
        _seats.Add(seat.Key, seat);
        game[number] = seat;
        deadlines.Add(seat);
    }

    private void Deliver(ReadOnlySpan<byte> turn, Seat to, TimeSpan now)
    {
        var backlogBytes = to.Backlog.Length;
        to.Backlog.Append(turn);
        statistics.BacklogBytes += to.Backlog.Length - backlogBytes;
        statistics.Relay(turn.Length);
        if (!to.IsHeld)
            return;
        to.Backlog.HandOut();
        var code = to.HeldCode == ReplyCode.GameNoData ? ReplyCode.GameData : ReplyCode.GameRedundant;
        responder.Release(to, Reply.WithTurns(code, to.Backlog.Block), now);
    }

    // Replies with the block. If it is empty, replies that the partner has left; else replies that there are no turns,
    // or holds that reply.
    private void SendBlock(in Arrival arrival, Seat seat, ReplyCode code, TimeSpan now)
    {
        if (!seat.Backlog.Block.IsEmpty)
            responder.Send(arrival.Ticket, seat, Reply.WithTurns(code, seat.Backlog.Block), now);
        else if (seat.Partner.Left is not null)
            responder.Send(arrival.Ticket, seat, PartnerLeft(seat.Partner), now);
        else
            responder.SendOrHold(arrival, seat, code == ReplyCode.GameData ? ReplyCode.GameNoData : code, now);
    }

    private static Reply PartnerLeft(Seat partner) => Reply.Refuse(ErrorCode.NoPlayerPartner,
        partner.Left == Departure.Quit ? (byte)Symbol.GameQuit : null);
}
