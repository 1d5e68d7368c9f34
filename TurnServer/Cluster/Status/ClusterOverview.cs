using TurnServer.Actor;
using TurnServer.Cluster.Replication;
using TurnServer.Rules;

namespace TurnServer.Cluster;

/// <summary>
/// What the whole cluster looks like from one of its servers: what that knows itself, and what the owners of the other
/// shards report. Any thread may ask.
/// </summary>
/// <param name="node">The server.</param>
/// <param name="ask">Asks another server for its <see cref="ServerReport"/>; null: it does not answer.</param>
/// <param name="clock">Measures how old reports are.</param>
internal sealed class ClusterOverview(ClusterNode node, Func<ClusterMember, Task<byte[]?>> ask, TimeProvider clock)
    : ITableQueries
{
    private const int MovesMax = 20;

    private readonly ClusterReports _reports = new(ask, clock);
    private volatile IReadOnlyList<ShardLoad> _here = [];
    private volatile Dictionary<int, ShardLoad> _known = [];

    private bool HasShards => node.Role != ShardRole.Whole;

    /// <summary>
    /// The statistics of the whole cluster's tables, and of this server's actors. The other servers' part is up to some
    /// seconds old.
    /// </summary>
    public async Task<ActorStatistics> GetStatisticsAsync()
    {
        if (!HasShards)
            return await node.Lobby.GetStatisticsAsync();
        var others = await _reports.GetAsync(OtherOwners());
        var here = await ReadLoadsAsync();
        var loads = LoadsByShard(here, others);
        return new ActorStatistics
        {
            Table = TableStatistics.Sum(loads.Values.Select(load => load.ToStatistics())),
            HeldReplies = here.Sum(load => load.HeldReplies),
            MailboxDepth = here.Select(load => load.MailboxDepth).DefaultIfEmpty().Max(),
            Messages = here.Sum(load => load.ActorMessages),
            Busy = TimeSpan.FromSeconds(here.Sum(load => load.BusySeconds)),
            Problem = FindProblem(shard => shard.Problem),
        };
    }

    /// <summary>The shards that this server owns or follows.</summary>
    public IReadOnlyList<ITableQueries> Parts =>
        [.. node.Shards.Where(shard => shard.OwnerId == node.Id || shard.IsCaughtUp)];

    /// <inheritdoc/>
    public Task<T> QueryAsync<T>(Func<Table, T> read) => node.Lobby.QueryAsync(read);

    /// <summary>What this server tells the others.</summary>
    public async Task<ServerReport> ReportAsync() => new()
    {
        Shards = await ReadLoadsAsync(),
        Moves = OwnMoves(),
        MovesByCause = OwnMovesByCause(),
    };

    /// <summary>What the cluster looks like; the loads of shards are those of the latest statistics.</summary>
    public ClusterStatus GetStatus()
    {
        var alive = node.Alive;
        var owner = node.Lobby.OwnerId;
        var position = HasShards ? 0 : node.Lobby.Position;
        var status = new ClusterStatus
        {
            Self = node.Id,
            Members = MemberStatus.Of(alive, node.Id, owner, position),
            Owner = owner,
            Epoch = node.Shards.Sum(shard => shard.Epoch),
            Position = position,
            TakeOvers = [.. node.Lobby.TakeOvers.Latest.Select(MoveOf)],
            TakeOversByCause = node.Lobby.TakeOvers.CountsByCause,
            Appended = node.Shards.Select(shard => shard.Appended).Aggregate((sum, next) => sum + next),
            SnapshotBytes = node.Shards.Sum(shard => shard.SnapshotBytes),
            Problem = FindProblem(shard => shard.Problem),
            StandbyProblem = FindProblem(shard => shard.StandbyProblem),
        };
        return HasShards ? AddShards(status) : status;
    }

    private ClusterStatus AddShards(ClusterStatus status)
    {
        var others = _reports.Latest;
        var loads = LoadsByShard(_here, others);
        var shards = node.Shards.Select(shard => new ShardStatus(shard.Role.Number, shard.OwnerId, shard.Epoch,
            loads.GetValueOrDefault(shard.Role.Number))).ToList();
        return status with
        {
            Shards = shards,
            Members = [.. status.Members.Select(member => member with
            {
                Shards = shards.Count(shard => shard.Owner == member.Id),
            })],
            TakeOvers = [.. others.Values.SelectMany(report => report.Moves).Concat(OwnMoves())
                .OrderBy(move => move.At).TakeLast(MovesMax)],
            TakeOversByCause = OwnMovesByCause(),
        };
    }

    /// <summary>What a server shows that does not know the cluster yet.</summary>
    /// <param name="self">The server.</param>
    /// <param name="problem">Why not, to be part of a sentence.</param>
    public static ClusterStatus Unknown(ClusterMember self, string problem) => new()
    {
        Self = self.Id,
        Members = [],
        Owner = null,
        Epoch = 0,
        Position = 0,
        TakeOvers = [],
        TakeOversByCause = new long[TakeOverCause.All.Count],
        Appended = default,
        SnapshotBytes = 0,
        Problem = problem,
        StandbyProblem = null,
    };

    private async Task<IReadOnlyList<ShardLoad>> ReadLoadsAsync() =>
        _here = [.. (await Task.WhenAll(node.Shards.Select(shard => shard.TryReadLoadAsync()))).OfType<ShardLoad>()];

    // What the owner says: another one may have reported from before the shard moved. While none says anything, what
    // was known before: sums of counters must not fall and rise again.
    private Dictionary<int, ShardLoad> LoadsByShard(IReadOnlyList<ShardLoad> here,
        IReadOnlyDictionary<string, ServerReport> others)
    {
        var loads = new Dictionary<int, ShardLoad>(_known);
        foreach (var (id, report) in others)
        {
            foreach (var load in report.Shards.Where(load => load.Shard < node.Shards.Count
                && node.Shards[load.Shard].OwnerId == id))
            {
                loads[load.Shard] = load;
            }
        }

        foreach (var load in here)
            loads[load.Shard] = load;
        return _known = loads;
    }

    private List<ClusterMember> OtherOwners()
    {
        var owners = node.Shards.Select(shard => shard.OwnerId).ToHashSet();
        return [.. node.Alive.Where(member => member.Id != node.Id && owners.Contains(member.Id))];
    }

    private string? FindProblem(Func<ClusterShard, string?> read)
    {
        foreach (var shard in node.Shards)
        {
            if (read(shard) is { } problem)
                return HasShards ? $"shard {shard.Role.Number}: {problem}" : problem;
        }

        return null;
    }

    private IReadOnlyList<ShardMove> OwnMoves() =>
        [.. node.Shards.SelectMany(shard => shard.TakeOvers.Latest.Where(takeOver => takeOver.Owner == node.Id)
            .Select(takeOver => new ShardMove(takeOver.At, shard.Role.Number, takeOver.Owner, takeOver.Cause)))
            .OrderBy(move => move.At).TakeLast(MovesMax)];

    private long[] OwnMovesByCause()
    {
        var counts = new long[TakeOverCause.All.Count];
        foreach (var shard in node.Shards)
        {
            for (var cause = 0; cause < counts.Length; cause++)
                counts[cause] += shard.TakenByCause[cause];
        }

        return counts;
    }

    private static ShardMove MoveOf(TakeOver takeOver) => new(takeOver.At, 0, takeOver.Owner, takeOver.Cause);
}
