using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>Who is paired with whom, and what becomes of one whose partner leaves before the game.</summary>
internal sealed partial class Lobby
{
    // Waiting players whose bars have ended in the present step.
    private readonly List<Player> _unbarred = [];

    public void RequestPair(in Arrival arrival, TimeSpan now)
    {
        if (!TryFind(arrival, now, out var player))
            return;
        if (player.Status == PlayerStatus.Deserted)
        {
            TellDeserted(arrival.Ticket, player, now);
            return;
        }

        player.WasDeserted = false;
        if (player.Status == PlayerStatus.Waiting)
        {
            var partner = _lines.FindPartnerFor(player, now);
            if (partner is null)
            {
                responder.SendOrHold(arrival, player, ReplyCode.Pairing, now);
                return;
            }

            Pair(player, partner);
            responder.Release(partner, Reply.Paired(hosts: false, player.Name), now);
        }

        responder.Send(arrival.Ticket, Reply.Paired(player.Hosts, player.PartnerName));
    }

    /// <summary>Forgets the bars of a waiting player that have ended, and notes that it may be paired now.</summary>
    public void EndBars(Player player, TimeSpan now)
    {
        player.ForgetBars(now);
        _unbarred.Add(player);
    }

    /// <summary>
    /// Pairs those whose bars have ended and whose request 2 is held, or else the first whom they may meet and whose
    /// request is: nobody else may ask. To be called when all that was due has been done; the longest-waiting comes first.
    /// </summary>
    public void AskAgain(TimeSpan now)
    {
        if (_unbarred.Count == 0)
            return;
        _unbarred.Sort(static (a, b) => a.Order.CompareTo(b.Order));
        foreach (var player in _unbarred)
        {
            if (player.Status != PlayerStatus.Waiting || !Has(player))
                continue;
            var asking = player.IsHeld ? player : _lines.FindHeldFor(player, now);
            if (asking is null || _lines.FindPartnerFor(asking, now) is not { } partner)
                continue;
            Pair(asking, partner);
            responder.Release(asking, Reply.Paired(asking.Hosts, asking.PartnerName), now);
            responder.Release(partner, Reply.Paired(partner.Hosts, partner.PartnerName), now);
        }

        _unbarred.Clear();
    }

    private static Reply Deserted => Reply.Refuse(ErrorCode.PartnerDrop, (byte)Symbol.RequestPair);

    private void TellDeserted(Ticket ticket, Player player, TimeSpan now) =>
        responder.Send(ticket, HearOfDesertion(player, now));

    // Who wanted only the one that left is gone too; anybody else waits again, at its old place in the line.
    private Reply HearOfDesertion(Player player, TimeSpan now)
    {
        if (player.Wanted is not null)
        {
            Drop(player, DropCause.PartnerLeft, now);
            return Reply.Refuse(ErrorCode.KnownPartnerDrop);
        }

        player.ForgetBars(now);
        Become(player, PlayerStatus.Waiting);
        player.WasDeserted = true;
        player.Hear(now);
        _lines.Rejoin(player);
        deadlines.Hasten(player);
        return Deserted;
    }

    private void Pair(Player host, Player other)
    {
        _lines.Leave(host);
        _lines.Leave(other);
        (host.Partner, other.Partner) = (other, host);
        (host.PartnerName, other.PartnerName) = (other.Name, host.Name);
        (host.Hosts, other.Hosts) = (true, false);
        Become(host, PlayerStatus.Paired);
        Become(other, PlayerStatus.Paired);
    }

    private void Desert(Player left, Player gone, TimeSpan now)
    {
        left.Partner = null;
        Become(left, PlayerStatus.Deserted);
        if (left.Wanted is null)
        {
            left.ForgetBars(now);
            left.Avoid(new Bar(gone.Name, gone.From, now + options.LoadTimeout));
        }

        if (!left.IsHeld)
            return;
        var ticket = left.EndHold(now);
        responder.Send(ticket, HearOfDesertion(left, now));
    }
}
