using TurnServer.Actor;
using TurnServer.Admin;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Cluster.Replication;
using TurnServer.Journal;
using TurnServer.Rules;

namespace TurnServer.Tests.Admin;

/// <summary>A cluster of two servers on three of etcd, in which all is well.</summary>
internal static class ClusterSamples
{
    /// <summary>What no page may show.</summary>
    public const string Token = "5ec2e7";

    public static readonly DateTimeOffset StartedAt = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static readonly TakeOver TakeOver = new()
    {
        Owner = "one-1",
        Cause = TakeOverCause.OwnerGone,
        At = StartedAt.AddMinutes(1),
        Settings = new StateSettings(new RulesOptions(), HasSequentialKeys: false),
        Grace = TimeSpan.FromSeconds(30),
    };

    /// <summary>From the owner, whose standby is that many batches behind.</summary>
    public static ClusterStatus Status(long behind = 0) => new()
    {
        Name = "games",
        Self = "one-1",
        Members = Members(5000, 5000 - behind),
        Owner = "one-1",
        Epoch = 3,
        Position = 5000,
        TakeOvers = [new ShardMove(TakeOver.At, 0, TakeOver.Owner, TakeOver.Cause)],
        TakeOversByCause = [0, 0, 1, 0, 0, 0, 0],
        Appended = new AppendTotals(10, 2000, TimeSpan.FromMilliseconds(40), 2),
        SnapshotBytes = 77,
        Problem = null,
        StandbyProblem = null,
        Etcd = Etcd(),
    };

    /// <summary>From the standby that is told so.</summary>
    public static ClusterStatus StandbyStatus() => Status() with
    {
        Self = "two-2",
        Members = MemberStatus.Of([Member("one-1", "10.0.0.1:2390", 5000), Member("two-2", "10.0.0.2:2390", 0)],
            "two-2", "one-1", 4990),
        Position = 4990,
        Appended = default,
    };

    /// <summary>
    /// From a server that owns the lobby and shard 2, of a cluster of three shards whose other server owns shard 1.
    /// </summary>
    public static ClusterStatus ShardedStatus() => Status() with
    {
        Members = [.. Members(0, 0).Select((member, index) => member with { Shards = 2 - index, Position = 0 })],
        Epoch = 6,
        Position = 0,
        Shards =
        [
            new ShardStatus(0, "one-1", 1, Load(0, players: 3)),
            new ShardStatus(1, "two-2", 2, Load(1, games: 4, turns: 40)),
            new ShardStatus(2, "one-1", 3, Load(2, games: 5, turns: 50)),
        ],
        TakeOvers = [new ShardMove(TakeOver.At, 2, TakeOver.Owner, TakeOver.Cause)],
    };

    /// <param name="shard">The shard's number.</param>
    /// <param name="players">Those who wait.</param>
    /// <param name="games">The games.</param>
    /// <param name="turns">The turns so far.</param>
    public static ShardLoad Load(int shard, int players = 0, int games = 0, long turns = 0) =>
        ShardLoad.Of(shard, position: 9, messagesWaiting: 0, new ActorStatistics
        {
            Table = new TableStatistics
            {
                PlayersByStatus = [.. Enum.GetValues<PlayerStatus>().Select((_, status) => status == 0 ? players : 0)],
                Games = games,
                Turns = turns,
                BacklogBytes = 100 * games,
            },
            HeldReplies = 0,
            MailboxDepth = 0,
            Messages = 0,
            Busy = TimeSpan.Zero,
        });

    public static IReadOnlyList<MemberStatus> Members(long own, long other) => MemberStatus.Of(
        [Member("one-1", "10.0.0.1:2390", own - 100), Member("two-2", "10.0.0.2:2390", other)], "one-1", "one-1", own);

    /// <param name="databaseBytes">The size of the largest database.</param>
    /// <param name="error">Of the last server, which has not answered then.</param>
    public static EtcdReading Etcd(long databaseBytes = 1000, string? error = null) => new(new EtcdStatus(
        [
            new EtcdServerStatus("http://10.0.0.1:2379") { Version = "3.4.23", DatabaseBytes = 500, IsLeader = true },
            new EtcdServerStatus("http://10.0.0.2:2379")
            {
                Version = "3.4.23",
                DatabaseBytes = databaseBytes,
                UsedBytes = databaseBytes / 2,
            },
            new EtcdServerStatus("http://10.0.0.3:2379") { Version = error is null ? "3.4.23" : null, Error = error },
        ], 1 << 30), TimeSpan.FromSeconds(2));

    /// <summary>The last server does not permit its status.</summary>
    public static EtcdReading DeniedEtcd()
    {
        var etcd = Etcd();
        var denied = new LogUnavailableException("http://10.0.0.3:2379: permission denied") { IsDenied = true };
        return etcd with
        {
            Status = etcd.Status with
            {
                Servers = [.. etcd.Status.Servers.Take(2), EtcdServerStatus.Of("http://10.0.0.3:2379", denied)],
            },
        };
    }

    /// <summary>A sample of <see cref="HistoryTests.At"/> with a cluster.</summary>
    public static Sample At(double seconds, ClusterStatus cluster) =>
        HistoryTests.At(seconds) with { Cluster = cluster };

    private static ClusterMember Member(string id, string address, long position) => new()
    {
        Id = id,
        Address = address,
        Token = Token,
        Version = "1.0.0",
        StartedAt = StartedAt,
        Position = position,
    };
}
