using System.Diagnostics;
using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Cluster.Faults;

/// <summary>HAProxy as one address in front of the servers.</summary>
internal sealed class Balancer : IDisposable
{
    // Requests are repeated at another server only if the connection failed, and then at once: without the 1 HAProxy
    // tries the same one again twice, a second later each. All else is left to the clients, who know what may be
    // repeated. A server that does not answer its health checks loses its connections, held ones too.
    private const string Configuration = """
        global
            maxconn 4000
        defaults
            mode http
            balance roundrobin
            option redispatch 1
            retries 3
            retry-on conn-failure
            option httpchk GET /healthz
            timeout check 1s
            timeout connect 1s
            timeout client 60s
            timeout server 60s
            default-server inter 500ms fall 2 rise 2 on-marked-down shutdown-sessions
        listen games
            bind 127.0.0.1:{PORT}

        """;

    private readonly ChildProcess _process;

    private Balancer(ChildProcess process, int port)
    {
        _process = process;
        Url = new Uri($"http://127.0.0.1:{port}/");
    }

    public Uri Url { get; }

    /// <summary>Starts HAProxy.</summary>
    /// <exception cref="BenchException">It is not installed.</exception>
    public static Balancer Start(IEnumerable<Site> sites, int port, string folder)
    {
        var file = Path.Combine(folder, "haproxy.cfg");
        File.WriteAllText(file, Configuration.Replace("{PORT}", $"{port}", StringComparison.Ordinal)
            + string.Concat(sites.Select((site, i) => $"    server s{i} {site.Host}:{site.Port} check\n")));
        return new Balancer(ChildProcess.Start("haproxy", new ProcessStartInfo("haproxy", ["-db", "-f", file])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        }), port);
    }

    public void Dispose() => _process.Dispose();
}
