using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>Who is paired with whom, and what becomes of one whose partner leaves before the game.</summary>
internal sealed partial class Lobby
{
    // Waiting players with exclusions that expired in this step.
    private readonly List<Player> _exclusionEnded = [];

    public void RequestPair(in Arrival arrival, TimeSpan now)
    {
        if (!TryFind(arrival, now, out var player))
            return;
        if (player.Status == PlayerStatus.Deserted)
        {
            TellDeserted(arrival.Ticket, player, now);
            return;
        }

        player.PartnerDropSent = false;
        if (player.Status == PlayerStatus.Waiting)
        {
            var partner = _queues.FindPartnerFor(player, now);
            if (partner is null)
            {
                responder.SendOrHold(arrival, player, ReplyCode.Pairing, now);
                return;
            }

            Pair(player, partner);
            responder.Release(partner, Reply.Paired(isHost: false, player.Name), now);
        }

        responder.Send(arrival.Ticket, Reply.Paired(player.IsHost, player.PartnerName));
    }

    /// <summary>Removes the expired exclusions of a waiting player, which <see cref="RetryPairing"/> then pairs.</summary>
    public void EndExclusions(Player player, TimeSpan now)
    {
        player.RemoveExpiredExclusions(now);
        _exclusionEnded.Add(player);
    }

    /// <summary>
    /// Pairs each player with an expired exclusion, longest-waiting first: its own held request 2 counts as repeated, or
    /// else that of the first player whom it may be paired with. Call it once everything else that is due is done.
    /// </summary>
    public void RetryPairing(TimeSpan now)
    {
        if (_exclusionEnded.Count == 0)
            return;
        _exclusionEnded.Sort(static (a, b) => a.Order.CompareTo(b.Order));
        foreach (var player in _exclusionEnded)
        {
            if (player.Status != PlayerStatus.Waiting || !Has(player))
                continue;
            var asking = player.IsHeld ? player : _queues.FindHeldFor(player, now);
            if (asking is null || _queues.FindPartnerFor(asking, now) is not { } partner)
                continue;
            Pair(asking, partner);
            responder.Release(asking, Reply.Paired(asking.IsHost, asking.PartnerName), now);
            responder.Release(partner, Reply.Paired(partner.IsHost, partner.PartnerName), now);
        }

        _exclusionEnded.Clear();
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

        player.RemoveExpiredExclusions(now);
        Become(player, PlayerStatus.Waiting);
        player.PartnerDropSent = true;
        player.Hear(now);
        _queues.Rejoin(player);
        deadlines.Hasten(player);
        return Deserted;
    }

    private void Pair(Player host, Player other)
    {
        _queues.Leave(host);
        _queues.Leave(other);
        (host.Partner, other.Partner) = (other, host);
        (host.PartnerName, other.PartnerName) = (other.Name, host.Name);
        (host.IsHost, other.IsHost) = (true, false);
        Become(host, PlayerStatus.Paired);
        Become(other, PlayerStatus.Paired);
    }

    private void Desert(Player left, Player gone, TimeSpan now)
    {
        left.Partner = null;
        Become(left, PlayerStatus.Deserted);
        if (left.Wanted is null)
        {
            left.RemoveExpiredExclusions(now);
            left.Exclude(new Exclusion(gone.Name, gone.From, now + options.LoadTimeout));
        }

        if (!left.IsHeld)
            return;
        var ticket = left.EndHold(now);
        responder.Send(ticket, HearOfDesertion(left, now));
    }
}
