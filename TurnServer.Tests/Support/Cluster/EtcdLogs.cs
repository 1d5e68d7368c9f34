using TurnServer.Cluster.Etcd;
using TurnServer.Rules;

namespace TurnServer.Tests.Support;

internal static class EtcdLogs
{
    /// <summary>A log that has the compaction of etcd's history to itself.</summary>
    public static EtcdShardLog OpenLog(this EtcdConnection connection, ShardRole role = default) =>
        new(connection, new EtcdCompactor(connection), role);
}
