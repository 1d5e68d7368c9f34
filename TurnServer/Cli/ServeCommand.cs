using System.CommandLine;
using Microsoft.Extensions.Logging;
using TurnServer.Http;
using TurnServer.Journal;
using TurnServer.Service;

namespace TurnServer.Cli;

/// <summary>The root command: from the flags to an exit code.</summary>
internal static class ServeCommand
{
    /// <summary>The page of <c>--help</c>.</summary>
    public static HelpPage Help(ServeFlags flags) => new(
        $"TurnServer {Server.Version}: a turn relay for two-player mobile games over plain HTTP.",
        "turnserver [options] [@FILE]",
        ("Commands", [("connect URL --name NAME", "pass data between two machines; see turnserver connect --help")]),
        flags.All,
        """
        Each option can also come from the environment, --max-wait as TURNSERVER_MAX_WAIT and so on; an
        empty variable counts as not set. The command line wins. @FILE reads options from a file, on any
        number of lines.
        """)
    {
        ExitCodes =
        [
            (ExitCode.Ok, "stopped by SIGTERM, SIGINT or SIGHUP"),
            (ExitCode.CannotListen, "cannot listen"),
            (ExitCode.Usage, "wrong setting"),
            (ExitCode.Failed, "unhandled exception or disk error"),
            (ExitCode.StateUnusable, "the state directory cannot be used, or its disk is full"),
            (ExitCode.StateUnreadable, "the state is damaged or of another version"),
        ],
    };

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
        SocketThreads.Configure();
        using var stop = new StopSignal();
        try
        {
            var journal = new JournalCounters();
            using var host = CreateHost(options, journal, log);
            return await new Server(options, host, journal, stop, log).RunAsync();
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
            // All expected exceptions are caught above.
            Log.LoopFailed(log, bug);
            return ExitCode.Failed;
        }
    }

    private static ITableHost CreateHost(ServeOptions options, JournalCounters journal, ILogger log)
    {
        if (options.Cluster.IsOn)
            return new ClusterTableHost(options, log);
        var state = options.State.Directory is null
            ? null
            : StateLifecycle.Open(options.State, options.Rules, options.HasSequentialKeys,
                last => Server.CreateKeySource(options, last), log);
        return new LocalTableHost(options, state, journal, log);
    }

    private static int Refuse(ServeOptions options, Exception reason, int exitCode)
    {
        Logging.Refuse(options.LogFormat, [reason.Message]);
        return exitCode;
    }
}
