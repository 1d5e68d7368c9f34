namespace TurnServer.Rules;

/// <summary>
/// The players without a partner: one queue for those who accept anyone, and one for each pair of names for those who
/// named a partner. A named queue exists only while it has a player.
/// </summary>
internal sealed class WaitingQueues
{
    private readonly WaitingQueue _strangers = new();
    private readonly Dictionary<(string Name, string Wanted), WaitingQueue> _named = [];

    public bool IsEmpty => _named.Count == 0 && _strangers.IsEmpty;

    /// <summary>Adds a newly registered player at the end.</summary>
    public void Join(Player player) => QueueOf(player).Join(player);

    /// <summary>Puts a player who accepts anyone, and had left the queue, back at its old place.</summary>
    public void Rejoin(Player player) => _strangers.Rejoin(player);

    public void Leave(Player player)
    {
        var queue = QueueOf(player);
        queue.Leave(player);
        if (player.Wanted is { } wanted && queue.IsEmpty)
            _named.Remove((player.Name, wanted));
    }

    /// <summary>The longest-waiting player that this one may be paired with, or null.</summary>
    public Player? FindPartnerFor(Player player, TimeSpan now)
    {
        if (player.Wanted is not { } wanted)
            return _strangers.FindPartnerFor(player, now);
        return _named.TryGetValue((wanted, player.Name), out var queue) ? queue.FindPartnerFor(player, now) : null;
    }

    /// <summary>
    /// For a player who accepts anyone: the longest-waiting player with a held request 2 that it may be paired with, or
    /// null.
    /// </summary>
    public Player? FindHeldFor(Player player, TimeSpan now) => _strangers.FindPartnerFor(player, now, isHeld: true);

    private WaitingQueue QueueOf(Player player)
    {
        if (player.Wanted is not { } wanted)
            return _strangers;
        if (!_named.TryGetValue((player.Name, wanted), out var queue))
            _named.Add((player.Name, wanted), queue = new WaitingQueue());
        return queue;
    }
}

/// <summary>
/// Waiting players in the order of registration. New players are always the youngest and form a linked list; the few
/// that return to their old place are in a sorted set. So joining takes constant time, and so does finding a partner
/// except for excluded players on the way.
/// </summary>
internal sealed class WaitingQueue
{
    private static readonly Comparer<Player> ByOrder = Comparer<Player>.Create((a, b) => a.Order.CompareTo(b.Order));

    // Null until a player returns: most queues hold one player who waits for a named partner, and stay small.
    private SortedSet<Player>? _returned;
    private Player? _first;
    private Player? _last;

    public bool IsEmpty => _first is null && _returned is not { Count: > 0 };

    /// <summary>Adds a newly registered player at the end.</summary>
    public void Join(Player player)
    {
        player.Ahead = _last;
        if (_last is null)
            _first = player;
        else
            _last.Behind = player;
        _last = player;
    }

    /// <summary>Puts a player that had left the queue back at its old place.</summary>
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

    /// <summary>The longest-waiting other player that this one may be paired with, or null.</summary>
    /// <param name="player">A waiting player.</param>
    /// <param name="now">The time, for exclusions.</param>
    /// <param name="isHeld">Whether only players with a held request 2 count.</param>
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
