namespace TurnServer.Cluster.Placement;

/// <summary>
/// Which servers are to have each shard: the first of its <see cref="Rendezvous"/> owns it, the second stands by. Any
/// thread may read; one sets the servers.
/// </summary>
/// <param name="shards">How many shards there are.</param>
/// <param name="clock">Measures for how long servers have been there.</param>
internal sealed class ShardPlacement(int shards, TimeProvider clock)
{
    /// <summary>How many servers read the log of a shard: one more than the owner.</summary>
    public const int Followers = 2;

    /// <summary>For how long a server must have been there before shards move to it.</summary>
    public TimeSpan SettlingTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// A server that has come again within this time must stay for twice as long before shards move to it, each time.
    /// </summary>
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(30);

    /// <summary>The longest that a server must stay.</summary>
    public static readonly TimeSpan SettlingTimeMax = TimeSpan.FromMinutes(10);

    // By address: the id is new whenever the process is.
    private readonly Dictionary<string, List<long>> _arrivals = [];
    private volatile Dictionary<string, Arrival> _present = [];
    private volatile IReadOnlyList<IReadOnlyList<ClusterMember>> _ranks =
        [.. Enumerable.Range(0, shards).Select(_ => Array.Empty<ClusterMember>())];

    /// <summary>The server that is to own a shard; null: none is there, or all are about to stop.</summary>
    public ClusterMember? First(int shard) => _ranks[shard] is [var first, ..] ? first : null;

    /// <summary>Whether a server is to read the log of a shard.</summary>
    public bool IsFollower(int shard, string id) => _ranks[shard].Take(Followers).Any(server => server.Id == id);

    /// <summary>
    /// Whether a server has been there for long enough for shards to move to it: one that comes and goes again is left
    /// alone for a while.
    /// </summary>
    public bool IsSettled(string id) => _present.TryGetValue(id, out var arrival)
        && clock.GetElapsedTime(arrival.At) >= arrival.Settling;

    /// <summary>Says which servers are registered. Returns whether that changes who is to have which shard.</summary>
    public bool Set(IReadOnlyList<ClusterMember> alive)
    {
        var before = _present;
        if (alive.Count == before.Count && alive.All(server =>
            before.TryGetValue(server.Id, out var arrival) && arrival.IsLeaving == server.IsLeaving))
        {
            return false;
        }

        _present = alive.ToDictionary(server => server.Id, server => before.TryGetValue(server.Id, out var arrival)
            ? arrival with { IsLeaving = server.IsLeaving }
            : Arrive(server));
        var staying = alive.Where(server => !server.IsLeaving).ToList();
        _ranks = [.. Enumerable.Range(0, shards).Select(shard => Rendezvous.Rank(shard, staying))];
        return true;
    }

    private Arrival Arrive(ClusterMember server)
    {
        if (!_arrivals.TryGetValue(server.Address, out var times))
            _arrivals.Add(server.Address, times = []);
        times.RemoveAll(at => clock.GetElapsedTime(at) >= Memory);
        var doublings = Math.Min(times.Count, 10);
        var now = clock.GetTimestamp();
        times.Add(now);
        var settling = SettlingTime * (1 << doublings);
        return new Arrival(now, settling < SettlingTimeMax ? settling : SettlingTimeMax, server.IsLeaving);
    }

    private readonly record struct Arrival(long At, TimeSpan Settling, bool IsLeaving);
}
