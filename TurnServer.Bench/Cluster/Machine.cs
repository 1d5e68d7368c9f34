using System.Globalization;
using System.Text.RegularExpressions;
using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Cluster;

/// <summary>One machine of the cluster: an etcd, a turn server, or both, which can be started again.</summary>
/// <param name="number">Counted from 0.</param>
/// <param name="sites">Where all machines are.</param>
/// <param name="folder">For etcd's data.</param>
/// <param name="program">The executable of another build of the server; null: turnserver.dll.</param>
/// <param name="shape">What runs on which machine.</param>
internal sealed partial class Machine(int number, IReadOnlyList<Site> sites, string folder, string? program,
    ClusterShape shape) : IDisposable
{
    private const string StartedAgain = "-- started again --\n";

    // Of an etcd's log, in an error message.
    private const int ReasonCharactersMax = 2000;

    private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(20);

    // Its own first, if it has one.
    private readonly Site[] _etcds =
        [.. sites.Take(ClusterShape.Etcds).OrderBy(site => site != sites[number])];

    private readonly List<string> _formerLogs = [];
    private readonly List<string> _formerEtcdLogs = [];

    public Site Site { get; } = sites[number];

    /// <summary>Whether an etcd belongs on this machine.</summary>
    public bool HasEtcd => number < ClusterShape.Etcds;

    /// <summary>Whether a turn server belongs on this machine.</summary>
    public bool HasServer => number < shape.Servers;

    public ChildProcess? Etcd { get; private set; }

    public ChildProcess? Server { get; private set; }

    /// <summary>CPU time that its turn server has used.</summary>
    /// <exception cref="BenchException">It has ended.</exception>
    public double ServerCpuSeconds => CpuSecondsOf(Name, Server);

    /// <summary>CPU time that its etcd has used.</summary>
    /// <exception cref="BenchException">It has ended.</exception>
    public double EtcdCpuSeconds => CpuSecondsOf("etcd", Etcd);

    /// <summary>For messages.</summary>
    public string Name => $"the server at {Site.Url}";

    /// <summary>Everything that its turn servers have logged.</summary>
    public string Log => string.Concat(_formerLogs) + Server?.Output + Server?.Errors;

    /// <summary>Everything that its etcds have logged.</summary>
    public string EtcdLog => string.Concat(_formerEtcdLogs) + Etcd?.Errors;

    /// <summary>
    /// The number of the last takeover of the table, or with shards of the lobby, by this machine; 0: there was none.
    /// </summary>
    public long LastEpoch => TakeOvers().Matches(Log).Select(match =>
        long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).DefaultIfEmpty().Max();

    /// <exception cref="BenchException">It cannot be started.</exception>
    public void StartEtcd()
    {
        if (Etcd is not null)
            _formerEtcdLogs.Add(Etcd.Errors + StartedAgain);
        Etcd?.Dispose();
        Etcd = ChildProcess.Start("etcd", Site.Start("etcd",
        [
            "--name", $"e{number}", "--data-dir", Path.Combine(folder, $"e{number}"),
            "--listen-peer-urls", Text(Site.EtcdPeer), "--initial-advertise-peer-urls", Text(Site.EtcdPeer),
            "--listen-client-urls", Text(Site.Etcd), "--advertise-client-urls", Text(Site.Etcd),
            "--initial-cluster", string.Join(',',
                sites.Take(ClusterShape.Etcds).Select((site, i) => $"e{i}={Text(site.EtcdPeer)}")),
            // As in TurnServer/Cluster/README.md.
            "--pre-vote", "--logger", "zap", "--log-level", "info",
        ]));
    }

    /// <exception cref="BenchException">It cannot be started.</exception>
    public void StartServer()
    {
        if (Server is not null)
            _formerLogs.Add(Server.Output + Server.Errors + StartedAgain);
        Server?.Dispose();
        var server = Programs.Server(Site.Port,
        [
            "--cluster", string.Join(',', _etcds.Select(site => Text(site.Etcd))), "--advertise", Site.LinkAddress,
            "--admin-port", $"{Site.AdminPort}", "--admin-host", Site.Host, "--log-format", "text",
            "--cluster-shards", $"{shape.GameShards}", .. Programs.NoLimits,
        ], program);
        Server = ChildProcess.Start("the server", Site.Start(server.FileName, server.ArgumentList));
    }

    /// <summary>Checks that neither process has ended by itself.</summary>
    /// <exception cref="BenchException">One has.</exception>
    public void CheckRunning()
    {
        Check("etcd", Etcd);
        Check(Name, Server);
    }

    /// <summary>Sends SIGTERM and waits for the exit.</summary>
    /// <exception cref="BenchException">It does not exit.</exception>
    public static async Task StopAsync(ChildProcess process)
    {
        process.Signal(ChildProcess.SigTerm);
        try
        {
            await process.ExitAsync(ExitTimeout);
        }
        catch (TimeoutException)
        {
            throw new BenchException($"process {process.Id} does not exit on SIGTERM");
        }
    }

    public void Dispose()
    {
        Server?.Dispose();
        Etcd?.Dispose();
    }

    private static double CpuSecondsOf(string name, ChildProcess? process) => process?.Usage?.CpuSeconds
        ?? throw new BenchException($"{name} has ended");

    private static void Check(string name, ChildProcess? process)
    {
        if (process is { HasExited: true })
        {
            var reason = process.Errors.TrimEnd();
            throw new BenchException($"{name} has ended: {reason[^Math.Min(reason.Length, ReasonCharactersMax)..]}");
        }
    }

    private static string Text(Uri uri) => uri.GetLeftPart(UriPartial.Authority);

    // The lobby is shard 0; each shard counts its own takeovers.
    [GeneratedRegex(@"(?<!Shard [1-9][0-9]*: )Took over the table \(.*; takeover (\d+)\)")]
    private static partial Regex TakeOvers();
}
