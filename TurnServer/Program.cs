using System.CommandLine;
using System.CommandLine.Help;
using TurnServer.Cli;

var flags = new ServeFlags();
var root = new RootCommand("A turn relay for two-player mobile games over plain HTTP.");
foreach (var flag in flags.All)
    root.Add(flag.Option);
root.Options.OfType<HelpOption>().Single().Action = new HelpText(flags.All);
root.SetAction(result => ServeCommand.InvokeAsync(flags, result));

var command = root.Parse(args);
var isPlain = command.Action?.ClearsParseErrors ?? false;
if (command.Errors.Count > 0 && !isPlain)
    return UsageError.Print(command.Errors.Select(error => error.Message));

// The server handles signals itself: StopSignal.
return await command.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
