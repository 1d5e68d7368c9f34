using System.CommandLine;
using TurnServer.Bench;
using TurnServer.Bench.Load;

var parsed = Commands.Parse(args);
if (parsed.CommandResult.Command.Name is not (StressCommand.Name or Commands.SoakName))
    return await parsed.InvokeAsync();

// Threads of the pool that look around for work before they sleep are a sixth of what it takes, on the cores that the
// server shares. Read when the pool starts.
AppContext.SetData("System.Threading.ThreadPool.UnfairSemaphoreSpinLimit", "0");
// It handles signals itself: to end its games in order takes its time.
var code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
return parsed.Errors.Count > 0 ? StressExit.Usage : code;
