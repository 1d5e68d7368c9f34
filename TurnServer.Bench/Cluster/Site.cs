using System.Diagnostics;

namespace TurnServer.Bench.Cluster;

/// <summary>Where the processes of one machine listen.</summary>
/// <param name="Host">The address of its turn server.</param>
/// <param name="EtcdHost">The address of its etcd.</param>
/// <param name="FirstPort">The first of <see cref="PortsUsed"/> ports.</param>
/// <param name="Namespace">The network namespace that it lives in; null: that of this program.</param>
internal sealed record Site(string Host, string EtcdHost, int FirstPort, string? Namespace)
{
    /// <summary>Ports of one machine.</summary>
    public const int PortsUsed = 5;

    public int Port => FirstPort;

    public int AdminPort => FirstPort + 1;

    /// <summary>Where other turn servers reach this one.</summary>
    public string LinkAddress => $"{Host}:{FirstPort + 2}";

    public Uri Url => new($"http://{Host}:{Port}/");

    public Uri StatusUrl => new($"http://{Host}:{AdminPort}/status.json?rows=1");

    public Uri Etcd => new($"http://{EtcdHost}:{FirstPort + 3}");

    public Uri EtcdPeer => new($"http://{EtcdHost}:{FirstPort + 4}");

    /// <summary>Machines without networks of their own: all on 127.0.0.1.</summary>
    public static IReadOnlyList<Site> OnLoopback(int count, int firstPort) =>
        [.. Enumerable.Range(0, count)
            .Select(i => new Site("127.0.0.1", "127.0.0.1", firstPort + (i * PortsUsed), null))];

    /// <summary>A program on this machine.</summary>
    public ProcessStartInfo Start(string program, IEnumerable<string> arguments) => new(
        Namespace is null ? program : "ip",
        Namespace is null ? arguments : ["netns", "exec", Namespace, program, .. arguments])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };
}
