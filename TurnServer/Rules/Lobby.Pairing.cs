using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>Pairing, and what happens to a player whose partner leaves before the game.</summary>
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
            responder.Send(arrival.Ticket, HandlePartnerLeft(player, now));
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

    /// <summary>Removes a waiting player's expired exclusions; <see cref="RetryPairing"/> then pairs it.</summary>
    public void EndExclusions(Player player, TimeSpan now)
    {
        player.RemoveExpiredExclusions(now);
        _exclusionEnded.Add(player);
    }

    /// <summary>
    /// Pairs players with an expired exclusion, oldest first: the player's own held request 2 counts as repeated,
    /// or else that of the first player it may be paired with. Call it after everything else that is due.
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

    private static Reply PartnerDrop => Reply.Refuse(ErrorCode.PartnerDrop, (byte)Symbol.RequestPair);

    // When the player learns that its partner left, it is dropped if it named that partner; else it waits again, at its
    // old place in the queue. Returns the reply that says so.
    private Reply HandlePartnerLeft(Player player, TimeSpan now)
    {
        if (player.Wanted is not null)
        {
            Drop(player, DropCause.PartnerLeft, now);
            return Reply.Refuse(ErrorCode.KnownPartnerDrop);
        }

        player.RemoveExpiredExclusions(now);
        SetStatus(player, PlayerStatus.Waiting);
        player.PartnerDropSent = true;
        player.Touch(now);
        _queues.Rejoin(player);
        deadlines.MoveUp(player);
        return PartnerDrop;
    }

    private void Pair(Player host, Player other)
    {
        _queues.Leave(host);
        _queues.Leave(other);
        (host.Partner, other.Partner) = (other, host);
        (host.PartnerName, other.PartnerName) = (other.Name, host.Name);
        (host.IsHost, other.IsHost) = (true, false);
        SetStatus(host, PlayerStatus.Paired);
        SetStatus(other, PlayerStatus.Paired);
    }

    private void OnPartnerLeft(Player player, Player partner, TimeSpan now)
    {
        player.Partner = null;
        SetStatus(player, PlayerStatus.Deserted);
        if (player.Wanted is null)
        {
            player.RemoveExpiredExclusions(now);
            player.Exclude(new Exclusion(partner.Name, partner.From, now + options.LoadTimeout));
        }

        if (!player.IsHeld)
            return;
        var ticket = player.EndHold(now);
        responder.Send(ticket, HandlePartnerLeft(player, now));
    }
}
