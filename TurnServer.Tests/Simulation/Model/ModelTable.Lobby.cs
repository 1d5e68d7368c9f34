using System.Globalization;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Tests.Simulation.Model;

/// <summary>Symbols 0 to 4 (PROTOCOL.md, "Pairing").</summary>
internal sealed partial class ModelTable
{
    private const int LeftByMax = 64;

    private void Register(Request request)
    {
        var known = request.Token is null ? null : _players.Find(player => player.Name == request.Name
            && player.Wanted == request.Wanted && player.Token == request.Token);
        if (known is not null)
        {
            HearPlayer(known);
            SayKey(request.Ticket, known);
            return;
        }

        var isFull = _players.Count >= limits.PlayersMax;
        var isAddressFull = limits.PlayersPerAddressMax > 0 && !request.From.IsLoopback
            && _players.Count(player => player.From == request.From) >= limits.PlayersPerAddressMax;
        if (isFull || isAddressFull)
        {
            // With both limits met either may be named.
            var isAddressNamed = isAddressFull && (!isFull || WasSaid(request.Ticket, Wire.AddressFull));
            Say(request.Ticket, isAddressNamed ? Wire.AddressFull : Wire.PlayersFull);
            return;
        }

        var player = new ModelPlayer
        {
            Key = ulong.MaxValue,
            Name = request.Name,
            Wanted = request.Wanted,
            Token = request.Token,
            From = request.From,
            HeardAt = _now,
            WaitingPatience = request.LongTimeout ? limits.LongPairingTimeout : limits.PairingTimeout,
            LoadPatience = limits.LoadTimeout,
        };
        SayKey(request.Ticket, player);
        _players.Add(player);
        _registrations++;
    }

    private void TakeFromPlayer(Request request, TimeSpan wait)
    {
        if (FindPlayer(request.Key) is not { } player)
        {
            Say(request.Ticket, Wire.NotRegistered);
            return;
        }

        HearPlayer(player);
        switch (request.Symbol)
        {
            case Symbol.Unregister:
                if (player.Step == ModelStep.Playing)
                    Leave(player.Seat!, hasQuit: true);
                else
                    Remove(player);
                Say(request.Ticket, Wire.Unregistered);
                break;
            case Symbol.RequestPair: RequestPair(request, player, wait); break;
            case Symbol.MapInit: MapInit(request, player); break;
            default: MapReady(request, player, wait); break;
        }
    }

    private void RequestPair(Request request, ModelPlayer player, TimeSpan wait)
    {
        if (player.Step == ModelStep.Left)
        {
            Say(request.Ticket, TellLeft(player));
            return;
        }

        player.WasTold = false;
        if (player.Step == ModelStep.Waiting)
        {
            var partner = _players.Find(other => MayPair(player, other));
            if (partner is null)
            {
                SayOrHold(request.Ticket, player, Wire.Pairing, wait);
                return;
            }

            Pair(player, partner);
        }

        Say(request.Ticket, Wire.Partner(player.IsHost, player.PartnerName));
    }

    private void Pair(ModelPlayer host, ModelPlayer partner)
    {
        (host.Step, partner.Step) = (ModelStep.Paired, ModelStep.Paired);
        (host.Partner, partner.Partner) = (partner, host);
        (host.PartnerName, partner.PartnerName) = (partner.Name, host.Name);
        (host.IsHost, partner.IsHost) = (true, false);
        EndHeld(partner, Wire.Partner(isHost: false, host.Name));
    }

    // A held request 2 counts as repeated when an exclusion ends for its player, or for the first that it may meet.
    private void EndExclusions()
    {
        var freed = _players.Where(one => one.Step == ModelStep.Waiting && one.RemoveExpiredExclusions(_now)).ToList();
        foreach (var player in freed)
        {
            if (player.Step != ModelStep.Waiting)
                continue;
            var asking = player.IsHeld ? player : _players.Find(other => other.IsHeld && MayPair(player, other));
            if (asking is null || _players.Find(other => MayPair(asking, other)) is not { } partner)
                continue;
            Pair(asking, partner);
            EndHeld(asking, Wire.Partner(isHost: true, partner.Name));
        }
    }

    // The list is in the order of registration, so the first that may is the longest-waiting.
    private bool MayPair(ModelPlayer player, ModelPlayer other)
    {
        if (other == player || other.Step != ModelStep.Waiting)
            return false;
        if (player.Wanted is not null)
            return other.Name == player.Wanted && other.Wanted == player.Name;
        return other.Wanted is null && !player.Excludes(other, _now) && !other.Excludes(player, _now);
    }

    private void MapInit(Request request, ModelPlayer player)
    {
        if (!IsInStep(request, player, ModelStep.Paired))
            return;
        if (player.Step == ModelStep.Paired)
            player.Step = ModelStep.Loading;
        Say(request.Ticket, player.IsHost ? Wire.InitServer : Wire.InitClient);
    }

    private void MapReady(Request request, ModelPlayer player, TimeSpan wait)
    {
        if (!IsInStep(request, player, ModelStep.Loading))
            return;
        if (player.Step == ModelStep.Playing)
        {
            SayPlay(request.Ticket, player.Seat!);
            return;
        }

        player.Step = ModelStep.Ready;
        var partner = player.Partner!;
        if (partner.Step != ModelStep.Ready)
        {
            SayOrHold(request.Ticket, player, Wire.PartnerLoad, wait);
            return;
        }

        if (_seats.Count / 2 >= limits.GamesMax)
        {
            EndHeld(partner, Wire.GamesFull);
            Say(request.Ticket, Wire.GamesFull);
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
            seat.HeardAt = _now;
            seat.GamePatience = limits.GameTimeout;
            seat.Player!.Seat = seat;
            seat.Player.Step = ModelStep.Playing;
            seat.Player.Partner = null;
        }

        _gamesStarted++;
        SayPlay(ticket, first);
        _seats.Add(first);
        if (other.IsHeld)
        {
            second.Key = LearnKey(second, other.HeldTicket, "0/8/", "|1");
            EndHeld(other, Wire.Play(second.Key, 1));
        }

        _seats.Add(second);
    }

    // 3 and 4 may come from the step before theirs on; who has heard of no new partner is told of the old one again.
    private bool IsInStep(Request request, ModelPlayer player, ModelStep earliest)
    {
        if (player.Step == ModelStep.Left)
        {
            Say(request.Ticket, TellLeft(player));
            return false;
        }

        if (player.WasTold)
        {
            Say(request.Ticket, Wire.PartnerDrop);
            return false;
        }

        if (player.Step >= earliest)
            return true;
        Drop(player, DropCause.OutOfStep);
        Say(request.Ticket, Wire.Dropped);
        return false;
    }

    private byte[] TellLeft(ModelPlayer player)
    {
        if (player.Wanted is not null)
        {
            Drop(player, DropCause.PartnerLeft);
            return Wire.KnownPartnerDrop;
        }

        player.RemoveExpiredExclusions(_now);
        player.Step = ModelStep.Waiting;
        player.WasTold = true;
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
        left.Step = ModelStep.Left;
        left.RemoveExpiredExclusions(_now);
        if (left.Wanted is null)
            left.LeftBy.Add((player.Name, player.From, _now + limits.LoadTimeout));
        if (left.LeftBy.Count > LeftByMax)
            left.LeftBy.RemoveAt(0);
        if (left.IsHeld)
            EndHeld(left, TellLeft(left));
    }

    // Until its first 5 or 6 a player's pairing key speaks for its seat too.
    private void HearPlayer(ModelPlayer player)
    {
        Hear(player);
        if (player.Seat is { } seat)
            Hear(seat);
    }

    private void SayKey(long ticket, ModelPlayer player)
    {
        player.Key = LearnKey(player, ticket, "0/0/", "");
        Say(ticket, Wire.Registered(player.Key));
    }

    private void SayPlay(long ticket, ModelSeat seat)
    {
        seat.Key = LearnKey(seat, ticket, "0/8/", seat.Number == 0 ? "|0" : "|1");
        Say(ticket, Wire.Play(seat.Key, seat.Number));
    }

    private ModelPlayer? FindPlayer(string digits) =>
        TryReadKey(digits, out var key) ? _players.Find(player => player.Key == key) : null;

    // A key of more digits than any real one is nobody's.
    private static bool TryReadKey(string digits, out ulong key) =>
        ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out key) && key != ulong.MaxValue;

    private bool WasSaid(long ticket, byte[] reply) =>
        _actual.TryGetValue(ticket, out var said) && said.AsSpan().SequenceEqual(reply);
}
