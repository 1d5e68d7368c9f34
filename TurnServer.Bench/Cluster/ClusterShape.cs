namespace TurnServer.Bench.Cluster;

/// <summary>How large a cluster is. Its etcds run on the first machines, its turn servers too.</summary>
/// <param name="Servers">How many turn servers there are.</param>
/// <param name="GameShards">How many shards the cluster spreads its games over; 0: there is one table.</param>
internal readonly record struct ClusterShape(int Servers, int GameShards)
{
    /// <summary>How many etcds there are.</summary>
    public const int Etcds = 3;

    /// <summary>How many machines that takes.</summary>
    public int Machines => Math.Max(Etcds, Servers);
}
