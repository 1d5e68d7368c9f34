using System.Net;
using System.Reflection;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Admin;
using TurnServer.Demo;
using TurnServer.Http;
using TurnServer.Journal;
using TurnServer.Metrics;
using TurnServer.Rules;
using TurnServer.Service;

namespace TurnServer.Cli;

/// <summary>One run of the server: creates its parts, runs their loops, and stops them cleanly.</summary>
internal sealed class Server(ServeOptions options, ITableHost host, JournalCounters journal, StopSignal stop,
    ILogger log)
{
    // How long to wait for the stop notification, which blocks if systemd does not read.
    private static readonly TimeSpan NotifyTimeout = TimeSpan.FromSeconds(1);

    /// <summary>The version of this build, such as 1.0.0.</summary>
    public static string Version { get; } =
        typeof(Server).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? "unknown";

    /// <summary>Serves until a signal or a failure; returns the exit code.</summary>
    /// <exception cref="CannotListenException">A port is taken or not permitted.</exception>
    /// <exception cref="StateException">The state cannot be written.</exception>
    public async Task<int> RunAsync()
    {
        var metrics = new MetricsRegistry();
        using var front = await HttpFront.StartAsync(options.Http, host.Gateway, host.Table,
            new RequestMetrics(metrics), log);
        using var admin = options.Admin.IsOn
            ? AdminServer.Start(options.Admin, Sources(front, metrics), log)
            : null;
        // After the ports are open: a server that cannot listen must not change the files.
        host.Begin();
        Announce(front);

        var hostLoop = host.RunAsync();
        var notifier = NotifyAsync(front);
        List<Task> loops = [hostLoop, front.RunAsync(), notifier];
        if (admin is not null)
            loops.Add(admin.RunAsync(stop.Token));
        if (options.VerboseInterval is { } interval)
            loops.Add(RegistryPrinter.RunAsync(host.Table, interval, stop.Token));

        var ended = await Task.WhenAny([stop.Task, .. loops]);
        if (stop.Task.IsCompleted)
        {
            var code = await StopAsync(front);
            await Task.WhenAny(notifier, Task.Delay(NotifyTimeout));
            return code;
        }

        // The host logs its failures itself.
        if (ended != hostLoop && ended.Exception?.InnerException is { } bug)
            Log.LoopFailed(log, bug);
        await host.AbortAsync();
        return ExitCode.Failed;
    }

    /// <summary>Creates the key source.</summary>
    /// <param name="options">Whether they are sequential.</param>
    /// <param name="last">The last sequential key before a restart; null: none.</param>
    public static IKeySource CreateKeySource(ServeOptions options, ulong? last) => options.HasSequentialKeys
        ? new SequentialKeySource(last + 1 ?? 0)
        : new RandomKeySource();

    private async Task<int> StopAsync(HttpFront front)
    {
        var signal = await stop.Task;
        Log.Stopping(log, signal, front.UnderWay);
        front.StopAccepting();
        if (!await host.DrainAsync())
        {
            await host.AbortAsync();
            return ExitCode.Failed;
        }

        var unanswered = await front.DrainAsync();
        if (unanswered > 0)
            Log.StoppedUnfinished(log, unanswered, options.Http.DrainTimeout.TotalSeconds);
        Log.Stopped(log, signal, front.Taken);
        return await host.FinishAsync() ? ExitCode.Ok : ExitCode.Failed;
    }

    private Task NotifyAsync(HttpFront front) =>
        new ServiceNotifier(new SystemdNotifier(),
            Watchdog.Timeout(Environment.GetEnvironmentVariable, Environment.ProcessId), host.Table, () => front.Taken,
            TimeProvider.System, log)
        {
            DescribeRole = host.ClusterStatus is { } cluster ? () => cluster().Role : null,
            RoleChanged = host.RoleChanged,
        }.RunAsync(stop.Token);

    private AdminSources Sources(HttpFront front, MetricsRegistry metrics) =>
        new()
        {
            Version = Version,
            Settings = options.Settings,
            Limits = new ServerLimits
            {
                Players = options.Rules.PlayersMax,
                Games = options.Rules.GamesMax,
                Connections = front.ConnectionsMax,
            },
            Table = host.Table,
            Http = front,
            Journal = journal,
            Metrics = metrics,
            Cluster = host.ClusterStatus,
        };

    private void Announce(HttpFront front)
    {
        var (http, rules) = (options.Http, options.Rules);
        Log.Listening(log, Version, Url(http.Host, http.Port), Environment.ProcessId, rules.PlayersMax,
            rules.GamesMax, front.ConnectionsMax, Limit(rules.PlayersPerAddressMax),
            Limit(http.ConnectionsPerAddressMax), Limit(http.RequestsPerSecond));
        if (options.Admin.IsOn)
            Log.AdminListening(log, Url(options.Admin.Host, options.Admin.Port));
        // An address to open in a browser: 0.0.0.0 is none everywhere.
        if (http.ServesDemo)
            Log.DemoListening(log, $"http://{http.Host?.ToString() ?? "localhost"}:{http.Port}{DemoPage.Path}");
        foreach (var variable in options.UnknownVariables)
            Log.UnknownVariable(log, variable);

        static string Url(IPAddress? host, int port) => $"http://{host ?? IPAddress.Any}:{port}/";

        static string Limit(int limit) => limit == 0 ? "unlimited" : $"{limit}";
    }
}
