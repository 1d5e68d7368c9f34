using System.Globalization;

namespace TurnServer.Rules;

/// <summary>
/// The players without a partner, in queues: for those who accept anyone one for each pool, and for those who named a
/// partner one for each pair of names in a pool. Queues are removed when empty, except the one for strangers who
/// named no pool.
/// </summary>
internal sealed class WaitingQueues
{
    private readonly WaitingQueue _strangers = new();
    private readonly Dictionary<string, WaitingQueue> _pools = [];
    private readonly Dictionary<NamedPair, WaitingQueue> _named = [];

    public bool IsEmpty => _named.Count == 0 && _pools.Count == 0 && _strangers.Count == 0;

    /// <summary>The line of strangers in a pool; null: of those who named no pool.</summary>
    public WaitingLine GetWaiting(string? pool, TimeSpan now) =>
        FindStrangers(pool) is { First: { } first } queue
            ? new WaitingLine(queue.Count, now - first.RegisteredAt)
            : default;

    /// <summary>Adds a newly registered player at the end.</summary>
    public void Join(Player player) => QueueOf(player).Join(player);

    /// <summary>Puts a player who accepts anyone, and had left the queue, back at its old place.</summary>
    public void Rejoin(Player player) => QueueOf(player).Rejoin(player);

    public void Leave(Player player)
    {
        var queue = QueueOf(player);
        queue.Leave(player);
        if (queue.Count > 0)
            return;
        if (player.Wanted is { } wanted)
            _named.Remove(new NamedPair(player.Pool, player.Name, wanted));
        else if (player.Pool is { } pool)
            _pools.Remove(pool);
    }

    /// <summary>The longest-waiting player that this one may be paired with, or null.</summary>
    public Player? FindPartnerFor(Player player, TimeSpan now)
    {
        var queue = player.Wanted is { } wanted
            ? _named.GetValueOrDefault(new NamedPair(player.Pool, wanted, player.Name))
            : FindStrangers(player.Pool);
        return queue?.FindPartnerFor(player, now);
    }

    /// <summary>
    /// For a player who accepts anyone: the longest-waiting player with a held request 2 that it may be paired with, or
    /// null.
    /// </summary>
    public Player? FindHeldFor(Player player, TimeSpan now) =>
        FindStrangers(player.Pool)?.FindPartnerFor(player, now, isHeld: true);

    private WaitingQueue? FindStrangers(string? pool) => pool is null ? _strangers : _pools.GetValueOrDefault(pool);

    private WaitingQueue QueueOf(Player player)
    {
        if (player.Wanted is { } wanted)
            return FindOrAdd(_named, new NamedPair(player.Pool, player.Name, wanted));
        return player.Pool is { } pool ? FindOrAdd(_pools, pool) : _strangers;
    }

    private static WaitingQueue FindOrAdd<TKey>(Dictionary<TKey, WaitingQueue> queues, TKey key)
        where TKey : notnull
    {
        if (!queues.TryGetValue(key, out var queue))
            queues.Add(key, queue = new WaitingQueue());
        return queue;
    }

    private readonly record struct NamedPair(string? Pool, string Name, string Wanted);
}

/// <summary>Players who named nobody and wait in one pool.</summary>
/// <param name="Count">How many they are.</param>
/// <param name="FirstWaits">For how long the first has waited, since it registered; zero if nobody waits.</param>
public readonly record struct WaitingLine(int Count, TimeSpan FirstWaits)
{
    /// <summary>As on the wire: <c>COUNT SECONDS</c>, in whole seconds (PROTOCOL.md, "Pools").</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Count} {(long)FirstWaits.TotalSeconds}");
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

    public int Count { get; private set; }

    /// <summary>The longest-waiting player; null if there is none.</summary>
    public Player? First => _returned is { Count: > 0 } && _returned.Min is { } returned
        && !(_first?.Order < returned.Order) ? returned : _first;

    /// <summary>Adds a newly registered player at the end.</summary>
    public void Join(Player player)
    {
        Count++;
        player.Ahead = _last;
        if (_last is null)
            _first = player;
        else
            _last.Behind = player;
        _last = player;
    }

    /// <summary>Puts a player that had left the queue back at its old place.</summary>
    public void Rejoin(Player player)
    {
        Count++;
        (_returned ??= new SortedSet<Player>(ByOrder)).Add(player);
    }

    public void Leave(Player player)
    {
        Count--;
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
