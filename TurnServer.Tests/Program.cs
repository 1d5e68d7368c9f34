using System.CommandLine;
using TurnServer.Tests;
using TurnServer.Tests.Fuzz;

// The tests run in their runner; started by itself this program plays the simulation they are made of, or is fuzzed.
var root = new RootCommand("What the turn server is tested with.")
{
    SimulateCommand.Create(), FuzzCommands.CreateTarget(), FuzzCommands.CreateSeeds(), FuzzCommands.CreateShow(),
};
return root.Parse(args).Invoke();
