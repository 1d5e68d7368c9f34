using System.CommandLine;
using System.Net;
using System.Reflection;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Admin;
using TurnServer.Http;
using TurnServer.Journal;
using TurnServer.Metrics;
using TurnServer.Rules;
using TurnServer.Service;

namespace TurnServer.Cli;

/// <summary>The server from its flags to its end.</summary>
internal static class ServeCommand
{
    // Systemd is told at once that the server stops, unless it does not listen.
    private static readonly TimeSpan NotifyPatience = TimeSpan.FromSeconds(1);

    private static string Version { get; } =
        typeof(ServeCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? "unknown";

    /// <summary>What <c>--help</c> says of the server.</summary>
    public static HelpPage Help(ServeFlags flags) => new(
        $"TurnServer {Version}: a turn relay for two-player mobile games over plain HTTP.",
        "turnserver [flags] [@FILE]",
        ("Commands", [("connect URL --name NAME", "pass data between two machines; see turnserver connect --help")]),
        flags.All,
        """
        Each flag can also come from the environment: --max-wait as TURNSERVER_MAX_WAIT, and so on; an empty
        variable counts as not set. The flag
        wins. @FILE reads flags from a file, as they would stand here, on any number of lines.

        Exit codes: 0 stopped by SIGTERM, SIGINT or SIGHUP; 1 cannot listen; 2 a flag is wrong; 3 failed on
        a bug or a disk error; 11 the state directory cannot be used; 12 the state is damaged or of
        another version.
        """);

    /// <summary>Reads the flags and serves; returns the exit code.</summary>
    public static Task<int> InvokeAsync(ServeFlags flags, ParseResult result)
    {
        var errors = new List<string>();
        var options = flags.Read(result, errors);
        return errors.Count == 0
            ? ServeAsync(options)
            : Task.FromResult(CommandLine.Refuse(errors, options.LogFormat));
    }

    private static async Task<int> ServeAsync(ServeOptions options)
    {
        using var logging = Logging.Create(options.LogLevel, options.LogFormat);
        var log = Logging.Open(logging);
        using var stop = new StopSignal();
        try
        {
            using var state = options.State.Directory is null
                ? null
                : StateLifecycle.Open(options.State, options.Rules, options.HasSequentialKeys, Keys(options), log);
            return await ServeAsync(options, state, stop, log);
        }
        catch (CannotListenException e)
        {
            return Refuse(options, e, ExitCode.CannotListen);
        }
        catch (StateException e)
        {
            return Refuse(options, e, e is StateDamagedException or StateVersionException
                ? ExitCode.StateUnreadable
                : ExitCode.StateUnusable);
        }
        catch (Exception bug)
        {
            // Nothing else is expected here.
            Log.LoopFailed(log, bug);
            return ExitCode.Failed;
        }
    }

    private static int Refuse(ServeOptions options, Exception why, int exitCode)
    {
        Logging.Refuse(options.LogFormat, [why.Message]);
        return exitCode;
    }

    // Where keys come from, after the last one that there was.
    private static Func<ulong?, IKeySource> Keys(ServeOptions options) => last => options.HasSequentialKeys
        ? new SequentialKeySource(last + 1 ?? 0)
        : new RandomKeySource();

    private static async Task<int> ServeAsync(ServeOptions options, StateLifecycle? state, StopSignal stop, ILogger log)
    {
        using var actor = new TurnActor(state?.Table ?? new Table(options.Rules, Keys(options)(null)),
            TimeProvider.System, log);
        actor.ExtendDeadlinesOnSuspension(options.State.GraceUnder(options.Rules));
        var metrics = new MetricsRegistry();
        var journal = new JournalCounters();
        using var front = await HttpFront.StartAsync(options.Http, actor, new RequestMetrics(metrics), log);
        using var admin = options.Admin.IsOn
            ? AdminServer.Start(options.Admin, Sources(options, actor, front, journal, metrics), log)
            : null;
        // Only a server that has its ports changes what is on the disk.
        if (state is not null)
            actor.RecordIn(state.Begin(journal));
        Announce(log, options, front);
        var keeping = state?.RunAsync(look => ActorProbe.TryInspectAsync(actor, look, TimeProvider.System))
            ?? Task.Delay(Timeout.Infinite, stop.Token);
        var actorLoop = actor.RunAsync();
        Task[] loops = [actorLoop, front.RunAsync(), keeping,
            RegistryPrinter.RunAsync(actor, options.VerboseInterval, stop.Token),
            admin?.RunAsync(stop.Token) ?? Task.Delay(Timeout.Infinite, stop.Token)];
        var notifying = NotifyAsync(actor, front, log, stop.Token);
        var first = await Task.WhenAny([stop.Task, .. loops, notifying]);
        if (stop.Task.IsCompleted)
        {
            var code = await StopAsync(log, stop, actor, actorLoop, front, options.Http.DrainTimeout);
            if (state is not null && code == ExitCode.Ok && !await state.FinishAsync())
                code = ExitCode.Failed;
            await Task.WhenAny(notifying, Task.Delay(NotifyPatience));
            return code;
        }

        // The actor and the state have logged their failure themselves.
        if (first != actorLoop && first != keeping && first.Exception?.InnerException is { } bug)
            Log.LoopFailed(log, bug);
        // It must not record any more when the state's files are let go of.
        actor.Stop();
        await actorLoop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return ExitCode.Failed;
    }

    private static Task NotifyAsync(TurnActor actor, HttpFront front, ILogger log, CancellationToken stop) =>
        new ServiceNotifier(new SystemdNotifier(),
            Watchdog.Timeout(Environment.GetEnvironmentVariable, Environment.ProcessId), actor, () => front.Taken,
            TimeProvider.System, log).RunAsync(stop);

    private static AdminSources Sources(ServeOptions options, TurnActor actor, HttpFront front,
        JournalCounters journal, MetricsRegistry metrics) => new()
        {
            Version = Version,
            Settings = options.Settings,
            Limits = new ServerLimits
            {
                Players = options.Rules.PlayersMax,
                Games = options.Rules.GamesMax,
                Connections = front.ConnectionsMax,
            },
            Actor = actor,
            Http = front,
            Journal = journal,
            Metrics = metrics,
        };

    private static void Announce(ILogger log, ServeOptions options, HttpFront front)
    {
        var (http, rules) = (options.Http, options.Rules);
        Log.Listening(log, Version, Url(http.Host, http.Port), Environment.ProcessId, rules.PlayersMax,
            rules.GamesMax, front.ConnectionsMax, Limit(rules.PlayersPerAddressMax),
            Limit(http.ConnectionsPerAddressMax), Limit(http.RequestsPerSecond));
        if (options.Admin.IsOn)
            Log.AdminListening(log, Url(options.Admin.Host, options.Admin.Port));
        foreach (var variable in options.UnknownVariables)
            Log.UnknownVariable(log, variable);

        static string Url(IPAddress? host, int port) => $"http://{host ?? IPAddress.Any}:{port}/";

        static string Limit(int limit) => limit == 0 ? "any number of" : $"{limit}";
    }

    private static async Task<int> StopAsync(ILogger log, StopSignal stop, TurnActor actor, Task actorLoop,
        HttpFront front, TimeSpan drainTimeout)
    {
        var signal = await stop.Task;
        Log.Stopping(log, signal, front.UnderWay);
        front.StopAccepting();
        var drained = actor.DrainAsync();
        await Task.WhenAny(drained, actorLoop);
        if (actorLoop.IsCompleted)
            return ExitCode.Failed;
        await drained;
        var left = await front.DrainAsync();
        actor.Stop();
        await actorLoop;
        if (left > 0)
            Log.StoppedUnfinished(log, left, drainTimeout.TotalSeconds);
        Log.Stopped(log, signal, front.Taken);
        return ExitCode.Ok;
    }
}
