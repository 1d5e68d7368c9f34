using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using TurnServer.Bench.Load;
using TurnServer.Bench.Soak;

namespace TurnServer.Bench;

/// <summary>Help: a page of our own for the whole, as run.sh starts it; the usual one for each sub-command.</summary>
internal sealed class Overview : SynchronousCommandLineAction
{
    private const int CallWidth = 24;

    private readonly HelpAction _page = new();

    /// <summary>Who asks for help gets it, whatever else is wrong.</summary>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var command = parseResult.CommandResult.Command;
        var output = parseResult.InvocationConfiguration.Output;
        if (command is not RootCommand root)
            return ShowCommand(command, parseResult.InvocationConfiguration, parseResult);
        output.WriteLine("Measures TurnServer.");
        output.WriteLine();
        output.WriteLine("Usage:");
        Write("./run.sh bench [filter]", "micro-benchmarks: all, or those with such a name, as '*Update*'");
        foreach (var sub in root.Subcommands.Where(sub => !sub.Hidden))
            Write(CallOf(sub), sub.Description!);
        output.WriteLine();
        output.WriteLine("Each but the first tells more with --help.");
        return 0;

        void Write(string call, string what) => output.WriteLine($"  {call.PadRight(CallWidth)} {what}");
    }

    private static string CallOf(Command command) =>
        command.Name == StressCommand.Name ? $"./run.sh {command.Name}" : $"./run.sh bench {command.Name}";

    // The usual page names the program; people call run.sh.
    private int ShowCommand(Command command, InvocationConfiguration configuration, ParseResult parseResult)
    {
        var output = configuration.Output;
        using var page = new StringWriter();
        configuration.Output = page;
        var code = _page.Invoke(parseResult);
        configuration.Output = output;
        var program = command.Parents.OfType<RootCommand>().Single().Name;
        output.Write(page.ToString().Replace($"{program} {command.Name}", CallOf(command), StringComparison.Ordinal));
        if (command.Name == StressCommand.Name)
            output.WriteLine(StressCommand.Explanation);
        else if (command.Name == Commands.SoakName)
            output.WriteLine(SoakRun.Explanation);
        return code;
    }
}
