using System.Globalization;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;

namespace TurnServer.Admin.Status;

/// <summary>Evaluates the health of the cluster that the server belongs to.</summary>
internal static class ClusterHealth
{
    /// <summary>
    /// A standby that follows is less than a second behind, which is some hundred batches at most. One that lacks more
    /// has to read them before it can take over.
    /// </summary>
    private const long FarBehindBatches = 1000;

    /// <summary>A server that has just started reads the log; that needs no attention.</summary>
    private static readonly TimeSpan CatchUpTime = TimeSpan.FromSeconds(5);

    /// <summary>Another server takes over within some seconds.</summary>
    private static readonly TimeSpan OwnerTime = TimeSpan.FromSeconds(10);

    /// <summary>A message takes a tenth of a second, and some seconds while its receiver's owner changes.</summary>
    private static readonly TimeSpan MessageTime = TimeSpan.FromSeconds(30);

    /// <summary>How many shards a finding names.</summary>
    private const int NamedShardsMax = 5;

    /// <summary>The findings; none without a cluster.</summary>
    /// <param name="samples">The last minutes, the oldest first; at least one.</param>
    public static IEnumerable<Finding> Evaluate(IReadOnlyList<Sample> samples) =>
        samples[^1].Cluster is { } cluster
            ? [.. OfLog(cluster), .. OfServers(samples, cluster), .. OfShards(samples, cluster), .. OfEtcd(cluster)]
            : [];

    private static IEnumerable<Finding> OfLog(ClusterStatus cluster)
    {
        if (cluster.Problem is { } problem)
            yield return new Finding(HealthState.Bad, $"Players cannot play: {problem}.");
        else if (cluster.StandbyProblem is { } standbyProblem)
            yield return Warn($"This server passes requests on, but could not take over: {standbyProblem}.");
    }

    private static IEnumerable<Finding> OfServers(IReadOnlyList<Sample> samples, ClusterStatus cluster)
    {
        if (cluster.Members.Count < 2)
        {
            yield return Warn("There is no standby: the games stop if this server does. Start turnserver with the same "
                + "--cluster on another machine.");
        }

        // With shards a server has no position of its own.
        if (cluster.Shards.Count > 0)
            yield break;
        foreach (var member in cluster.Members.Where(member => IsFarBehind(samples, member.Id)))
        {
            yield return Warn(FormattableString.Invariant(
                $"The standby at {member.Address} is {member.Behind} batches behind and could not take over at once."));
        }
    }

    private static IEnumerable<Finding> OfShards(IReadOnlyList<Sample> samples, ClusterStatus cluster)
    {
        var ownerless = ShardsThatAllAre(samples, cluster, OwnerTime, shard => shard.Owner is null);
        if (ownerless.Count > 0)
        {
            yield return Warn($"{NamesOf("Shard", ownerless)} {(ownerless.Count == 1 ? "has" : "have")} no owner, and "
                + "requests for what it holds wait. A server that is not about to stop should take over within "
                + "seconds: the servers' logs say why none does.");
        }

        var waiting = cluster.Shards.Where(shard =>
            shard.Load?.LongestMessageWaitSeconds >= MessageTime.TotalSeconds).ToList();
        if (waiting.Count > 0)
        {
            var count = waiting.Sum(shard => shard.Load!.MessagesWaiting);
            var longest = waiting.Max(shard => shard.Load!.LongestMessageWaitSeconds);
            yield return Warn(FormattableString.Invariant(
                $"{count} {(count == 1 ? "message" : "messages")} between shards {(count == 1 ? "waits" : "wait")}, ")
                + FormattableString.Invariant($"the oldest for {longest:0} seconds ")
                + $"({NamesOf("from shard", waiting)}). They are repeated until the receiver's owner has "
                + "recorded them: look for a shard without an owner, "
                + "for a server that the others cannot reach at its --advertise address, and whether etcd is slow.");
        }
    }

    private static List<ShardStatus> ShardsThatAllAre(IReadOnlyList<Sample> samples, ClusterStatus cluster,
        TimeSpan time, Func<ShardStatus, bool> condition)
    {
        var from = samples[^1].At - time;
        if (samples[0].At > from)
            return [];
        var recent = samples.Where(sample => sample.At >= from).ToList();
        return [.. cluster.Shards.Where((_, index) => recent.All(sample =>
            sample.Cluster?.Shards is { } shards && index < shards.Count && condition(shards[index])))];
    }

    private static string NamesOf(string noun, List<ShardStatus> shards)
    {
        var numbers = string.Join(", ", shards.Take(NamedShardsMax).Select(shard =>
            shard.Number == 0 ? "0 (the lobby)" : shard.Number.ToString(CultureInfo.InvariantCulture)));
        var more = shards.Count - NamedShardsMax;
        return (shards.Count == 1 ? $"{noun} " : $"{noun}s ") + numbers
            + (more > 0 ? FormattableString.Invariant($" and {more} more") : "");
    }

    private static IEnumerable<Finding> OfEtcd(ClusterStatus cluster)
    {
        if (cluster.Etcd is not { Status: var etcd })
            yield break;
        // Nothing is wrong yet, and everything will be.
        if (etcd.Agreement.Split is { } split)
            yield return new Finding(HealthState.Bad, $"{split}.");
        foreach (var server in etcd.Servers.Where(server => server.Error is not null))
        {
            yield return Warn(server.IsDenied
                ? $"etcd at {server.Address} does not tell how full it is: {server.Error}. {EtcdError.RootRemedy}."
                : server.Version is null
                ? $"etcd at {server.Address} does not answer: {server.Error}."
                : $"etcd at {server.Address} reports: {server.Error}.");
        }

        if (etcd.CompactionError is { } error)
            yield return Warn($"etcd's history could not be compacted, and its database grows until it can: {error}.");
        if (etcd.IsNearlyFull)
            yield return Warn(DescribeSpace(etcd));
    }

    private static string DescribeSpace(EtcdStatus etcd)
    {
        var largest = etcd.Servers.MaxBy(server => server.DatabaseBytes)!;
        return FormattableString.Invariant(
            $"etcd's database has {Megabytes(largest.DatabaseBytes)} MB at {largest.Address}, ")
            + FormattableString.Invariant(
            $"{Megabytes(largest.UsedBytes)} MB of them in use; at its quota, 2 GiB by default, nothing can be ")
            + "recorded. Free the rest (etcdctl compact, then etcdctl defrag on one server of etcd after the other), "
            + "or raise --quota-backend-bytes.";
    }

    private static bool IsFarBehind(IReadOnlyList<Sample> samples, string id)
    {
        var from = samples[^1].At - CatchUpTime;
        return samples[0].At <= from && samples.Where(sample => sample.At >= from).All(sample =>
            sample.Cluster?.Members.FirstOrDefault(member => member.Id == id) is { Behind: > FarBehindBatches });
    }

    private static long Megabytes(long bytes) => bytes / 1_000_000;

    private static Finding Warn(string text) => new(HealthState.Warning, text);
}
