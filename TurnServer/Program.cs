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

var command = CommandLine.Parse(root, args, out var errors);
// --help and --version work whatever else is wrong.
var isIndependent = command.Action?.ClearsParseErrors ?? false;
if (errors.Count > 0 && !isIndependent)
{
    return command.CommandResult.Command == connect
        ? CommandLine.Refuse(errors, LogFormat.Text, "turnserver connect")
        : CommandLine.Refuse(errors, flags.ReadLogFormat(command));
}

// StopSignal handles signals.
return await command.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
