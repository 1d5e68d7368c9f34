using System.CommandLine;
using System.CommandLine.Help;
using TurnServer.Cli;

StandardStreams.Prepare();
var flags = new ServeFlags();
var root = new RootCommand("A turn relay for two-player mobile games over plain HTTP.");
foreach (var flag in flags.All)
    root.Add(flag.Option);
root.SetAction(result => ServeCommand.InvokeAsync(flags, result));

var connectFlags = new ConnectFlags();
var connect = ConnectCommand.Create(connectFlags);
root.Add(connect);
root.Options.OfType<HelpOption>().Single().Action = new HelpText(ServeCommand.Help(flags),
    new Dictionary<Command, HelpPage> { [connect] = ConnectCommand.Help(connectFlags) });

var command = root.Parse(args);
var isPlain = command.Action?.ClearsParseErrors ?? false;
if (command.Errors.Count > 0 && !isPlain)
{
    var errors = command.Errors.Select(error => error.Message);
    return command.CommandResult.Command == connect
        ? UsageError.Print(errors, LogFormat.Text, "turnserver connect")
        : UsageError.Print(errors, flags.ReadLogFormat(command));
}

// The server handles signals itself: StopSignal.
return await command.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
