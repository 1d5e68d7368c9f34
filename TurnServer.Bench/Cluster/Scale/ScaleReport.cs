using System.Globalization;

namespace TurnServer.Bench.Cluster.Scale;

/// <summary>One run of one kind of play.</summary>
/// <param name="Count">Turns or games.</param>
/// <param name="Seconds">Their duration.</param>
/// <param name="Cpu">CPU time used meanwhile.</param>
/// <param name="Lobby">What the lobby's log has had.</param>
/// <param name="Games">What the logs of the games have had, all together.</param>
internal readonly record struct ScaleRunCost(long Count, double Seconds, ClusterCpu Cpu, LogCount Lobby,
    LogCount Games)
{
    public double PerSecond => Count / Seconds;

    /// <summary>Microseconds of each turn or game.</summary>
    public double Microseconds(double seconds) => seconds * 1e6 / Count;
}

/// <summary>What is measured of a cluster.</summary>
/// <param name="Turns">Updates that are answered at once.</param>
/// <param name="Starts">Whole games, see <see cref="GamePlay"/>.</param>
/// <param name="Idle">CPU time that is used in a second without players.</param>
internal readonly record struct ScaleCost(ScaleRunCost Turns, ScaleRunCost Starts, ClusterCpu Idle);

/// <summary>The tables of <c>bench cluster --nodes</c>.</summary>
internal static class ScaleReport
{
    private static readonly RoundsTable<ScaleCost> Clusters = new(
    [
        new("idle: CPU of servers, ms a second", "", cost => cost.Idle.Servers * 1e3, "0"),
        new("idle: CPU of etcd, ms a second", "", cost => cost.Idle.Etcd * 1e3, "0"),
        new("turns a second", "", cost => cost.Turns.PerSecond, "0"),
        new("turn: CPU of servers, µs", "", cost => cost.Turns.Microseconds(cost.Turns.Cpu.Servers), "0"),
        new("turn: CPU of etcd, µs", "", cost => cost.Turns.Microseconds(cost.Turns.Cpu.Etcd), "0"),
        new("turn: appends a second, all logs", "", cost => cost.Turns.Games.Batches / cost.Turns.Seconds, "0"),
        new("turn: records in an append", "", cost => Ratio(cost.Turns.Games.Records, cost.Turns.Games.Batches), "0.0"),
        new("turn: bytes of a record", "", cost => Ratio(cost.Turns.Games.Bytes, cost.Turns.Games.Records), "0"),
        new("games a second", "", cost => cost.Starts.PerSecond, "0"),
        new("game: CPU of servers, µs", "", cost => cost.Starts.Microseconds(cost.Starts.Cpu.Servers), "0"),
        new("game: CPU of the lobby's server, µs", "", cost => cost.Starts.Microseconds(cost.Starts.Cpu.Lobby), "0"),
        new("game: CPU of etcd, µs", "", cost => cost.Starts.Microseconds(cost.Starts.Cpu.Etcd), "0"),
        new("game: records in the lobby's log", "", cost => Ratio(cost.Starts.Lobby.Records, cost.Starts.Count), "0.0"),
        new("game: bytes in the lobby's log", "", cost => Ratio(cost.Starts.Lobby.Bytes, cost.Starts.Count), "0"),
        new("game: records in its shard's log", "", cost => Ratio(cost.Starts.Games.Records, cost.Starts.Count), "0.0"),
        new("game: messages to its shard", "", cost => Ratio(cost.Starts.Games.Messages, cost.Starts.Count), "0.0"),
        new("game: messages to the lobby", "", cost => Ratio(cost.Starts.Lobby.Messages, cost.Starts.Count), "0.0"),
        new("lobby: appends a second", "", cost => cost.Starts.Lobby.Batches / cost.Starts.Seconds, "0"),
        new("lobby: records a second", "", cost => cost.Starts.Lobby.Records / cost.Starts.Seconds, "0"),
        new("lobby: records in an append", "", cost => Ratio(cost.Starts.Lobby.Records, cost.Starts.Lobby.Batches),
            "0.0"),
    ]);

    private static readonly RoundsTable<StoreRate> Stores = new(
    [
        new("appends a second", "", rate => rate.Appends, "0"),
        new("MB a second", "", rate => rate.MegabytesPerSecond, "0.0"),
        new("append: CPU of three etcds, ms", "", rate => rate.EtcdMilliseconds, "0.00"),
        new("append: CPU of the client, ms", "", rate => rate.OwnMilliseconds, "0.00"),
    ]);

    /// <summary>How a cluster of so many servers is called.</summary>
    public static string Name(int nodes) => nodes == 1 ? "1 server" : $"{nodes} servers";

    /// <summary>One cluster in one round, in a line.</summary>
    public static string Row(int nodes, in ScaleCost cost) => string.Create(CultureInfo.InvariantCulture,
        $"{Name(nodes),-10} {cost.Turns.PerSecond:0} turns/s, {cost.Turns.Microseconds(cost.Turns.Cpu.Servers):0} µs "
        + $"a turn; {cost.Starts.PerSecond:0} games/s, "
        + $"{cost.Starts.Microseconds(cost.Starts.Cpu.Servers):0} µs a game");

    /// <summary>Compares clusters of these numbers of servers, and etcd with some logs.</summary>
    public static string Compose(IReadOnlyList<int> nodes, IReadOnlyList<ScaleCost[]> rounds,
        IReadOnlyList<StoreRate[]> stores) =>
        Clusters.Compose([.. nodes.Select(Name)], rounds)
            + $"{Environment.NewLine}etcd alone: servers x logs of each x bytes of a batch:{Environment.NewLine}"
            + Stores.Compose(
                [.. StoreRate.All.Select(store => $"{store.Servers} x {store.Logs} x {store.Bytes} B")], stores);

    private static double Ratio(long one, long other) => (double)one / other;
}
