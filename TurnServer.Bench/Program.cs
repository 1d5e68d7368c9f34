using System.CommandLine;
using TurnServer.Bench;
using TurnServer.Bench.Load;

var parsed = Commands.Parse(args);
if (parsed.CommandResult.Command.Name != StressCommand.Name)
    return await parsed.InvokeAsync();

// It handles signals itself: to end its games in order takes its time.
var code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
return parsed.Errors.Count > 0 ? StressExit.Usage : code;
