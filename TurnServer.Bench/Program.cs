using System.CommandLine;
using TurnServer.Bench;

var root = new RootCommand("Measures TurnServer.")
{
    Commands.Micro(),
    Commands.Memory(),
    Commands.HttpCost(),
    Commands.Bare(),
};
return await root.Parse(args).InvokeAsync();
