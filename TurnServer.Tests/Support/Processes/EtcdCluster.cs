using System.Diagnostics;
using TurnServer.Bench.Processes;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;

namespace TurnServer.Tests.Support;

/// <summary>One or three real etcd servers on 127.0.0.1, with their data in a temporary folder.</summary>
internal sealed class EtcdCluster : IAsyncDisposable
{
    private const int StartsMax = 5;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly TempFolder _folder = new("turnserver-etcd-");
    private readonly string _program;
    private readonly string _scheme;
    private readonly string[] _flags;
    private readonly int[] _ports;
    private readonly ChildProcess[] _processes;

    private EtcdCluster(string program, int count, string scheme, string[] flags)
    {
        _program = program;
        _scheme = scheme;
        _flags = flags;
        // A server's clients, and behind it its peers.
        _ports = [.. Enumerable.Range(0, 2 * count).Select(_ => Ports.Next())];
        _processes = [.. Enumerable.Range(0, count).Select(Launch)];
    }

    public int Count => _processes.Length;

    /// <summary>How to reach all servers.</summary>
    public EtcdOptions Options => new() { Endpoints = [.. Enumerable.Range(0, Count).Select(AddressOf)] };

    /// <summary>Starts the servers and waits until they answer; ends the test if etcd is not installed.</summary>
    /// <param name="count">How many servers.</param>
    /// <param name="flags">More flags for each.</param>
    public static Task<EtcdCluster> StartAsync(int count, params string[] flags) => StartAsync(count, "http", flags);

    /// <summary>As <see cref="StartAsync(int, string[])"/>, with https: waits until the servers listen.</summary>
    public static async Task<EtcdCluster> StartAsync(int count, string scheme, string[] flags)
    {
        var program = Tool.Require("etcd", "etcd-server");
        for (var attempt = 1; ; attempt++)
        {
            var cluster = new EtcdCluster(program, count, scheme, flags);
            if (await cluster.ServesAsync())
                return cluster;
            var errors = string.Join('\n', cluster._processes.Select(process => process.Errors));
            await cluster.DisposeAsync();
            if (attempt == StartsMax || !errors.Contains("address already in use", StringComparison.Ordinal))
                throw new InvalidOperationException($"etcd did not start: {errors}");
        }
    }

    /// <summary>The address of a server for clients.</summary>
    public Uri AddressOf(int server) => new($"{_scheme}://127.0.0.1:{_ports[2 * server]}");

    /// <summary>As <see cref="Options"/>, for tests in which no server fails, on a machine however busy.</summary>
    public EtcdOptions PatientOptions => Options with { Timeout = TestWait.Timeout, ReadTimeout = TestWait.Timeout };

    /// <summary>The options with only one server.</summary>
    public EtcdOptions OptionsOf(int server) => Options with { Endpoints = [AddressOf(server)] };

    /// <summary>The options with this server first.</summary>
    public EtcdOptions OptionsFrom(int server) =>
        Options with { Endpoints = [.. Enumerable.Range(server, Count).Select(index => AddressOf(index % Count))] };

    /// <summary>Sends SIGKILL and waits for the exit.</summary>
    public void Kill(int server) => _processes[server].Kill();

    /// <inheritdoc cref="ChildProcess.PauseAsync"/>
    public Task PauseAsync(int server) => _processes[server].PauseAsync();

    /// <inheritdoc cref="ChildProcess.Resume"/>
    public void Resume(int server) => _processes[server].Resume();

    /// <summary>Starts a killed server with the data that it had.</summary>
    public async Task RestartAsync(int server)
    {
        await _processes[server].DisposeAsync();
        _processes[server] = Launch(server);
    }

    /// <summary>Waits until there is a leader among the servers that answer.</summary>
    /// <param name="except">A server that does not count; null: all do.</param>
    public async Task<int> LeaderAsync(int? except = null)
    {
        using var connection = new EtcdConnection(Options);
        var startedAt = Stopwatch.GetTimestamp();
        while (true)
        {
            var status = await EtcdStatus.ReadAsync(connection, CancellationToken.None);
            var leader = status.Servers.Select(server => server.IsLeader).ToList().IndexOf(true);
            if (leader >= 0 && leader != except)
                return leader;
            if (Stopwatch.GetElapsedTime(startedAt) > TestWait.Timeout)
                Assert.Fail("Timed out waiting for a leader of etcd.");
            await Task.Delay(PollInterval);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
            await process.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<bool> ServesAsync()
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(startedAt) < TestWait.Timeout)
        {
            if (_processes.Any(process => process.HasExited))
                return false;
            if (_scheme != "http" ? _processes.All(Listens) : await AnswerAsync())
                return true;
            await Task.Delay(PollInterval);
        }

        return false;
    }

    private static bool Listens(ChildProcess process) =>
        process.Errors.Contains("serving client traffic", StringComparison.Ordinal);

    private async Task<bool> AnswerAsync()
    {
        for (var server = 0; server < Count; server++)
        {
            using var connection = new EtcdConnection(OptionsOf(server) with { ReadTimeout = TimeSpan.Zero });
            try
            {
                await connection.OpenLog().ReadHeadAsync(CancellationToken.None);
            }
            catch (LogUnavailableException)
            {
                return false;
            }
        }

        return true;
    }

    private ChildProcess Launch(int server)
    {
        string Peer(int index) => $"http://127.0.0.1:{_ports[2 * index + 1]}";
        var peers = Enumerable.Range(0, _ports.Length / 2).Select(index => $"e{index}={Peer(index)}");
        var clients = AddressOf(server).GetLeftPart(UriPartial.Authority);
        return ChildProcess.Start(new ProcessStartInfo(_program,
        [
            "--name", $"e{server}", "--data-dir", _folder.PathOf($"e{server}"),
            "--listen-peer-urls", Peer(server), "--initial-advertise-peer-urls", Peer(server),
            "--listen-client-urls", clients, "--advertise-client-urls", clients,
            "--initial-cluster", string.Join(',', peers), "--logger", "zap", .. _flags,
        ])
        { RedirectStandardError = true, RedirectStandardOutput = true });
    }
}
