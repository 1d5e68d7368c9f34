using System.CommandLine;
using TurnServer.Bench.Cli;
using TurnServer.Cli;
using TurnServer.Tests.Client.Conformance;
using TurnServer.Tests.Fuzz;

namespace TurnServer.Tests;

/// <summary>The commands of the test program: <c>simulate</c>, and those that fuzz.sh and tests call.</summary>
internal static class TestCommands
{
    /// <summary>Runs a command line; returns the exit code.</summary>
    public static Task<int> RunAsync(string[] args, TextWriter output)
    {
        var simulate = SimulateCommand.Create();
        var overview = new HelpPage("Test tools of TurnServer.", $"{simulate.Call} [options]",
            ("Commands", [(simulate.Call, simulate.Title)]), [], $"{simulate.Call} --help lists the options.");
        Command[] hidden =
        [
            FuzzCommands.CreateTarget(), FuzzCommands.CreateSeeds(), FuzzCommands.CreateShow(),
            CSharpProgram.CreateCommand(),
        ];
        return Subcommand.RunAsync([simulate], hidden, overview, args, output);
    }
}
