using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using TurnServer.Connect;
using TurnServer.Service;

namespace TurnServer.Cli;

/// <summary>The <c>connect</c> command: from its flags to an exit code.</summary>
internal static class ConnectCommand
{
    private const string Words = "turnserver connect";

    // Reading input and writing output can each block a thread.
    private const int ThreadsMin = 8;

    /// <summary>The command, with its flags.</summary>
    public static Command Create(ConnectFlags flags)
    {
        var command = new Command("connect", "Transfers data between two machines through a turn server.")
        {
            flags.Url,
        };
        foreach (var flag in flags.All)
            command.Add(flag.Option);
        command.SetAction(result => InvokeAsync(flags, result));
        return command;
    }

    /// <summary>The page of <c>connect --help</c>.</summary>
    public static HelpPage Help(ConnectFlags flags) => new(
        "Sends standard input to a partner on the same server, and prints what the partner sends to\n"
            + "standard output. Messages go to standard error.",
        $"{Words} URL --name NAME [options]",
        ("Arguments", [("URL", "the turn server, such as http://localhost:8080/; with ws:// over a WebSocket")]),
        flags.All,
        """
        Without --raw each line is a turn that any client can read; \, |, carriage returns and bytes that
        are not UTF-8 are escaped (TurnServer/Connect/README.md). The command ends when both inputs have
        ended.
        """)
    {
        ExitCodes =
        [
            (ExitCode.Ok, "all data has arrived, both ways"),
            (ExitCode.Usage, "wrong option"),
            (ExitCode.Failed, "unhandled exception"),
            (ExitCode.NoPartner, "no partner within --wait-for-partner"),
            (ExitCode.PartnerLeft, "the partner left before the end"),
            (ExitCode.ServerGone, "no answer for --patience, or the server lost the game"),
            (ExitCode.NotTurnServer, "no such host, or no turn server there"),
            (ExitCode.ServerRefused, "the server is full or busy"),
            (ExitCode.Damaged, "damaged, or only one side has --raw"),
            (ExitCode.Device, "the input cannot be read, or the output cannot be written"),
            (ExitCode.HungUp, "SIGHUP; the partner is told, as with 130 and 143"),
            (ExitCode.Interrupted, "SIGINT (Ctrl-C)"),
            (ExitCode.Terminated, "SIGTERM"),
        ],
    };

    private static async Task<int> InvokeAsync(ConnectFlags flags, ParseResult result)
    {
        var errors = result.RootCommandResult.Children.OfType<OptionResult>()
            .Where(option => !option.Implicit)
            .Select(option => $"{option.Option.Name} is an option of the server, not of connect.")
            .ToList();
        var options = flags.Read(result, errors);
        return errors.Count > 0 ? CommandLine.Refuse(errors, LogFormat.Text, Words) : await RunAsync(options!);
    }

    private static async Task<int> RunAsync(ConnectOptions options)
    {
        ThreadPool.SetMinThreads(ThreadsMin, ThreadsMin);
        using var stop = new StopSignal();
        await using var errors = new StreamWriter(StandardStreams.OpenError()) { AutoFlush = true };
        var status = new ConnectMessages(errors);
        await using var session = new ConnectSession(options, status);
        try
        {
            if (await session.RunAsync(stop.Token) is not { } fault)
                return ExitCode.Ok;
            status.Print(fault.Meaning);
            return Code(fault.Kind);
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            await session.AbandonAsync();
            var signal = await stop.Task;
            status.Print(session.Partner is { } partner ? $"{signal}: left {partner}" : $"{signal}: no longer waiting");
            return signal switch
            {
                nameof(PosixSignal.SIGINT) => ExitCode.Interrupted,
                nameof(PosixSignal.SIGHUP) => ExitCode.HungUp,
                _ => ExitCode.Terminated,
            };
        }
        catch (Exception bug)
        {
            // All expected exceptions are caught above.
            await session.AbandonAsync();
            status.PrintBug(bug);
            return ExitCode.Failed;
        }
    }

    private static int Code(ConnectFaultKind kind) => kind switch
    {
        ConnectFaultKind.NameRefused => ExitCode.Usage,
        ConnectFaultKind.NoPartner => ExitCode.NoPartner,
        ConnectFaultKind.PartnerLeft => ExitCode.PartnerLeft,
        ConnectFaultKind.ServerGone => ExitCode.ServerGone,
        ConnectFaultKind.NotTurnServer => ExitCode.NotTurnServer,
        ConnectFaultKind.ServerRefused => ExitCode.ServerRefused,
        ConnectFaultKind.Damaged => ExitCode.Damaged,
        ConnectFaultKind.Device => ExitCode.Device,
        _ => ExitCode.Failed,
    };
}
