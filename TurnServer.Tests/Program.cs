using System.CommandLine;
using TurnServer.Tests;
using TurnServer.Tests.Fuzz;

// The test runner does not use this entry point; it is for run.sh simulate and run.sh fuzz.
var root = new RootCommand("Test tools of the turn server.")
{
    SimulateCommand.Create(), FuzzCommands.CreateTarget(), FuzzCommands.CreateSeeds(), FuzzCommands.CreateShow(),
};
return root.Parse(args).Invoke();
