using TurnServer.Bench.Compare;

namespace TurnServer.Bench.Processes;

/// <summary>Default ports, below 32768, from where the kernel assigns ports to outgoing connections.</summary>
internal static class DefaultPorts
{
    public const int Compare = 18_100;
    public const int Publish = Compare + Field.PortsUsed;
    public const int Soak = Publish + 1;
    public const int Restart = 18_120;
    public const int Rivals = 18_170;
    public const int ClusterFaults = 18_200;
    public const int Cluster = 18_250;
}
