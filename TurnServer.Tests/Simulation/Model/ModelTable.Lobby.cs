using System.Globalization;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Tests.Simulation.Model;

/// <summary>Symbols 0 to 4 (PROTOCOL.md, "Pairing").</summary>
internal sealed partial class ModelTable
{
    private const int ExclusionsMax = 64;

    private void Register(Request request)
    {
        var known = request.Token is null ? null : _players.Find(player => player.Name == request.Name
            && player.Wanted == request.Wanted && player.Pool == request.Pool && player.Token == request.Token);
        if (known is not null)
        {
            NotePlayerHeard(known);
            ReplyKey(request.Ticket, known);
            return;
        }

        var isFull = _players.Count >= limits.PlayersMax;
        var isAddressFull = limits.PlayersPerAddressMax > 0 && !request.From.IsLoopback
            && _players.Count(player => player.From == request.From) >= limits.PlayersPerAddressMax;
        if (isFull || isAddressFull)
        {
            // With both limits reached, either may be named.
            var isAddressNamed = isAddressFull && (!isFull || WasReplied(request.Ticket, Wire.AddressFull));
            Reply(request.Ticket, isAddressNamed ? Wire.AddressFull : Wire.PlayersFull);
            return;
        }

        var player = new ModelPlayer
        {
            Key = ulong.MaxValue,
            Name = request.Name,
            Wanted = request.Wanted,
            Pool = request.Pool,
            Token = request.Token,
            From = request.From,
            LastHeard = _now,
            RegisteredAt = _now,
            PairingTimeout = request.LongTimeout ? limits.LongPairingTimeout : limits.PairingTimeout,
            LoadTimeout = limits.LoadTimeout,
        };
        ReplyKey(request.Ticket, player);
        _players.Add(player);
        _registrations++;
    }

    private void ApplyBeforeGame(Request request, TimeSpan wait)
    {
        if (FindPlayer(request.Key) is not { } player)
        {
            Reply(request.Ticket, Wire.NotRegistered);
            return;
        }

        NotePlayerHeard(player);
        switch (request.Symbol)
        {
            case Symbol.Unregister:
                if (player.Status == ModelStatus.Playing)
                    Leave(player.Seat!, hasQuit: true);
                else
                    Remove(player);
                Reply(request.Ticket, Wire.Unregistered);
                break;
            case Symbol.RequestPair: RequestPair(request, player, wait); break;
            case Symbol.MapInit: MapInit(request, player); break;
            default: MapReady(request, player, wait); break;
        }
    }

    private void RequestPair(Request request, ModelPlayer player, TimeSpan wait)
    {
        if (player.Status == ModelStatus.Left)
        {
            Reply(request.Ticket, ReportLeft(player));
            return;
        }

        player.PartnerDropSent = false;
        if (player.Status == ModelStatus.Waiting)
        {
            var partner = _players.Find(other => MayPair(player, other));
            if (partner is null)
            {
                ReplyOrHold(request.Ticket, player, Wire.Pairing, wait);
                return;
            }

            Pair(player, partner);
        }

        Reply(request.Ticket, Wire.Partner(player.IsHost, player.PartnerName));
    }

    private void Pair(ModelPlayer host, ModelPlayer partner)
    {
        (host.Status, partner.Status) = (ModelStatus.Paired, ModelStatus.Paired);
        (host.Partner, partner.Partner) = (partner, host);
        (host.PartnerName, partner.PartnerName) = (partner.Name, host.Name);
        (host.IsHost, partner.IsHost) = (true, false);
        EndHeld(partner, Wire.Partner(isHost: false, host.Name));
    }

    // The end of an exclusion repeats the held request 2 of its player, or of the first that may be paired with it.
    private void EndExclusions()
    {
        var freed = _players.Where(player => player.Status == ModelStatus.Waiting
            && player.RemoveExpiredExclusions(_now)).ToList();
        foreach (var player in freed)
        {
            if (player.Status != ModelStatus.Waiting)
                continue;
            var asking = player.IsHeld ? player : _players.Find(other => other.IsHeld && MayPair(player, other));
            if (asking is null || _players.Find(other => MayPair(asking, other)) is not { } partner)
                continue;
            Pair(asking, partner);
            EndHeld(asking, Wire.Partner(isHost: true, partner.Name));
        }
    }

    // The list is in order of registration: the first match has waited longest.
    private bool MayPair(ModelPlayer player, ModelPlayer other)
    {
        if (other == player || other.Status != ModelStatus.Waiting || other.Pool != player.Pool)
            return false;
        if (player.Wanted is not null)
            return other.Name == player.Wanted && other.Wanted == player.Name;
        return other.Wanted is null && !player.Excludes(other, _now) && !other.Excludes(player, _now);
    }

    private void MapInit(Request request, ModelPlayer player)
    {
        if (!IsInStep(request, player, ModelStatus.Paired))
            return;
        if (player.Status == ModelStatus.Paired)
            player.Status = ModelStatus.Loading;
        Reply(request.Ticket, player.IsHost ? Wire.InitServer : Wire.InitClient);
    }

    private void MapReady(Request request, ModelPlayer player, TimeSpan wait)
    {
        if (!IsInStep(request, player, ModelStatus.Loading))
            return;
        if (player.Status == ModelStatus.Playing)
        {
            ReplyPlay(request.Ticket, player.Seat!);
            return;
        }

        player.Status = ModelStatus.Ready;
        var partner = player.Partner!;
        if (partner.Status != ModelStatus.Ready)
        {
            ReplyOrHold(request.Ticket, player, Wire.PartnerLoad, wait);
            return;
        }

        if (_seats.Count / 2 >= limits.GamesMax)
        {
            EndHeld(partner, Wire.GamesFull);
            Reply(request.Ticket, Wire.GamesFull);
            _players.Remove(player);
            _players.Remove(partner);
            _drops[(int)DropCause.GamesFull] += 2;
            return;
        }

        StartGame(request.Ticket, player, partner);
    }

    private void StartGame(long ticket, ModelPlayer readyLast, ModelPlayer other)
    {
        var first = new ModelSeat { Number = 0, Player = readyLast };
        var second = new ModelSeat { Number = 1, Player = other };
        (first.Partner, second.Partner) = (second, first);
        foreach (var seat in (ModelSeat[])[first, second])
        {
            seat.Key = ulong.MaxValue;
            seat.StartedBy = ticket;
            seat.LastHeard = _now;
            seat.GameTimeout = limits.GameTimeout;
            seat.Player!.Seat = seat;
            seat.Player.Status = ModelStatus.Playing;
            seat.Player.Partner = null;
        }

        _gamesStarted++;
        ReplyPlay(ticket, first);
        _seats.Add(first);
        if (other.IsHeld)
        {
            second.Key = LearnKey(second, other.HeldTicket, "0/8/", "|1");
            EndHeld(other, Wire.Play(second.Key, 1));
        }

        _seats.Add(second);
    }

    // Symbols 3 and 4 are valid from the status before theirs. A lost partner is reported until the next symbol 2.
    private bool IsInStep(Request request, ModelPlayer player, ModelStatus earliest)
    {
        if (player.Status == ModelStatus.Left)
        {
            Reply(request.Ticket, ReportLeft(player));
            return false;
        }

        if (player.PartnerDropSent)
        {
            Reply(request.Ticket, Wire.PartnerDrop);
            return false;
        }

        if (player.Status >= earliest)
            return true;
        Drop(player, DropCause.OutOfStep);
        Reply(request.Ticket, Wire.Dropped);
        return false;
    }

    private byte[] ReportLeft(ModelPlayer player)
    {
        if (player.Wanted is not null)
        {
            Drop(player, DropCause.PartnerLeft);
            return Wire.KnownPartnerDrop;
        }

        player.RemoveExpiredExclusions(_now);
        player.Status = ModelStatus.Waiting;
        player.PartnerDropSent = true;
        return Wire.PartnerDrop;
    }

    private void Drop(ModelPlayer player, DropCause cause)
    {
        _drops[(int)cause]++;
        Remove(player);
    }

    private void Remove(ModelPlayer player)
    {
        _players.Remove(player);
        if (player.Partner is not { } left)
            return;
        left.Partner = null;
        left.Status = ModelStatus.Left;
        left.RemoveExpiredExclusions(_now);
        if (left.Wanted is null)
            left.Exclusions.Add((player.Name, player.From, _now + limits.LoadTimeout));
        if (left.Exclusions.Count > ExclusionsMax)
            left.Exclusions.RemoveAt(0);
        if (left.IsHeld)
            EndHeld(left, ReportLeft(left));
    }

    // Until the first symbol 5 or 6, a pairing key is a sign of life for the seat too.
    private void NotePlayerHeard(ModelPlayer player)
    {
        NoteHeard(player);
        if (player.Seat is { } seat)
            NoteHeard(seat);
    }

    private void ReplyKey(long ticket, ModelPlayer player)
    {
        player.Key = LearnKey(player, ticket, "0/0/", "");
        Reply(ticket, Wire.Registered(player.Key));
    }

    private void ReplyPlay(long ticket, ModelSeat seat)
    {
        seat.Key = LearnKey(seat, ticket, "0/8/", seat.Number == 0 ? "|0" : "|1");
        Reply(ticket, Wire.Play(seat.Key, seat.Number));
    }

    private ModelPlayer? FindPlayer(string digits) =>
        TryReadKey(digits, out var key) ? _players.Find(player => player.Key == key) : null;

    // Saturated keys are never in use.
    private static bool TryReadKey(string digits, out ulong key) =>
        ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out key) && key != ulong.MaxValue;

    private bool WasReplied(long ticket, byte[] reply) =>
        _actual.TryGetValue(ticket, out var actual) && actual.AsSpan().SequenceEqual(reply);
}
