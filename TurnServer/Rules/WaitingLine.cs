namespace TurnServer.Rules;

/// <summary>
/// Waiting players in the order of registration. Those who come for the first time are always the youngest and stand in
/// a linked list; the few who come back to their old place stand in a sorted set beside it. So joining takes constant
/// time, and finding a partner too but for those passed over: who must not be met, for the load timeout at most.
/// </summary>
internal sealed class WaitingLine
{
    private static readonly Comparer<Player> ByOrder = Comparer<Player>.Create((a, b) => a.Order.CompareTo(b.Order));

    // Null until somebody comes back: most lines are those of one player who waits for a named partner, and stay small.
    private SortedSet<Player>? _returned;
    private Player? _first;
    private Player? _last;

    public bool IsEmpty => _first is null && _returned is not { Count: > 0 };

    /// <summary>Adds a player that has just been registered, behind all others.</summary>
    public void Join(Player player)
    {
        player.Ahead = _last;
        if (_last is null)
            _first = player;
        else
            _last.Behind = player;
        _last = player;
    }

    /// <summary>Puts a player that had left the line back at its old place.</summary>
    public void Rejoin(Player player) => (_returned ??= new SortedSet<Player>(ByOrder)).Add(player);

    public void Leave(Player player)
    {
        if (_returned is { Count: > 0 } && _returned.Remove(player))
            return;
        if (player.Ahead is null)
            _first = player.Behind;
        else
            player.Ahead.Behind = player.Behind;
        if (player.Behind is null)
            _last = player.Ahead;
        else
            player.Behind.Ahead = player.Ahead;
        player.Ahead = player.Behind = null;
    }

    /// <summary>The longest-waiting other player that may meet this one; null when there is none.</summary>
    /// <param name="player">One that waits.</param>
    /// <param name="now">Exclusions that have ended by then do not count.</param>
    /// <param name="isHeld">Whether it must be one whose request 2 is held.</param>
    public Player? FindPartnerFor(Player player, TimeSpan now, bool isHeld = false)
    {
        var listed = _first;
        if (_returned is { Count: > 0 })
        {
            foreach (var returned in _returned)
            {
                for (; listed is not null && listed.Order < returned.Order; listed = listed.Behind)
                {
                    if (MayPair(player, listed, now, isHeld))
                        return listed;
                }

                if (MayPair(player, returned, now, isHeld))
                    return returned;
            }
        }

        for (; listed is not null; listed = listed.Behind)
        {
            if (MayPair(player, listed, now, isHeld))
                return listed;
        }

        return null;
    }

    private static bool MayPair(Player player, Player other, TimeSpan now, bool isHeld) =>
        !ReferenceEquals(player, other) && (other.IsHeld || !isHeld) && !player.MustNotPair(other, now);
}
