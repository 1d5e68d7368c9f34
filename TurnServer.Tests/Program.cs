using System.CommandLine;
using TurnServer.Tests;

// The tests run in their runner; started by itself this program plays the simulation they are made of.
var root = new RootCommand("What the turn server is tested with.") { SimulateCommand.Create() };
return root.Parse(args).Invoke();
