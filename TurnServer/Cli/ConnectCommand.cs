using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using TurnServer.Client;
using TurnServer.Connect;
using TurnServer.Service;

namespace TurnServer.Cli;

/// <summary>Passes data between two machines: <c>connect</c>, from its flags to its end.</summary>
internal static class ConnectCommand
{
    private const string Words = "turnserver connect";

    // Reading input and writing output each hold a thread for as long as they take, which may be for ever.
    private const int ThreadsMin = 8;

    /// <summary>The command, with its flags.</summary>
    public static Command Create(ConnectFlags flags)
    {
        var command = new Command("connect", "Passes data between two machines through a turn server.") { flags.Url };
        foreach (var flag in flags.All)
            command.Add(flag.Option);
        command.SetAction(result => InvokeAsync(flags, result));
        return command;
    }

    /// <summary>What its <c>--help</c> says.</summary>
    public static HelpPage Help(ConnectFlags flags) => new(
        "Passes what is typed or piped in here to whoever connects to the same server, and prints what\n"
            + "comes from there. Data alone is on standard output; what happens is said on standard error.",
        $"{Words} URL --name NAME [flags]",
        ("Where", [("URL", "the turn server, such as http://localhost:8080/")]),
        flags.All,
        """
        Without --raw each line is a turn, and other clients read it as such: only \ and |, carriage returns
        and what is no UTF-8 are escaped on the way (TurnServer/Client/README.md). It ends when both inputs have.

        Exit codes:
          0    all has arrived, both ways          7    no such host, or no turn server there
          2    a flag is wrong                     8    the server is full or busy
          3    failed on a bug                     9    damaged, or only one side has --raw
          4    nobody came                         10   input cannot be read or output not be written
          5    the partner left before the end     129  SIGHUP; the partner is told, as with:
          6    no answer, or the game was lost     130  SIGINT (Ctrl-C), 143 SIGTERM
        """);

    private static async Task<int> InvokeAsync(ConnectFlags flags, ParseResult result)
    {
        var errors = result.RootCommandResult.Children.OfType<OptionResult>()
            .Where(option => !option.Implicit)
            .Select(option => $"{option.Option.Name} is a flag of the server's, not of connect's.")
            .ToList();
        var options = flags.Read(result, errors);
        return errors.Count > 0 ? CommandLine.Refuse(errors, LogFormat.Text, Words) : await RunAsync(options!);
    }

    private static async Task<int> RunAsync(ConnectOptions options)
    {
        ThreadPool.SetMinThreads(ThreadsMin, ThreadsMin);
        using var stop = new StopSignal();
        await using var errors = new StreamWriter(StandardStreams.OpenError()) { AutoFlush = true };
        var status = new StatusLines(errors);
        await using var session = new ConnectSession(options, status);
        try
        {
            if (await session.RunAsync(stop.Token) is not { } fault)
                return ExitCode.Ok;
            status.Say(fault.Meaning);
            return Code(fault.Kind);
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            await session.AbandonAsync();
            var signal = await stop.Task;
            status.Say(session.Partner is { } partner ? $"{signal}: left {partner}" : $"{signal}: no longer waiting");
            return signal switch
            {
                nameof(PosixSignal.SIGINT) => ExitCode.Interrupted,
                nameof(PosixSignal.SIGHUP) => ExitCode.HungUp,
                _ => ExitCode.Terminated,
            };
        }
        catch (Exception bug)
        {
            // Nothing else is expected here.
            await session.AbandonAsync();
            status.SayBug(bug);
            return ExitCode.Failed;
        }
    }

    private static int Code(ConnectFaultKind kind) => kind switch
    {
        ConnectFaultKind.NameRefused => ExitCode.Usage,
        ConnectFaultKind.NobodyCame => ExitCode.NobodyCame,
        ConnectFaultKind.PartnerLeft => ExitCode.PartnerLeft,
        ConnectFaultKind.ServerGone => ExitCode.ServerGone,
        ConnectFaultKind.NotTurnServer => ExitCode.NotTurnServer,
        ConnectFaultKind.ServerRefuses => ExitCode.ServerRefuses,
        ConnectFaultKind.Damaged => ExitCode.Damaged,
        ConnectFaultKind.Device => ExitCode.Device,
        _ => ExitCode.Failed,
    };
}
