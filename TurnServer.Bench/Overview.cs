using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using TurnServer.Bench.Load;

namespace TurnServer.Bench;

/// <summary>Help: a page of our own for the whole, as run.sh starts it; the usual one for each sub-command.</summary>
internal sealed class Overview : SynchronousCommandLineAction
{
    private const int CommandWidth = 18;

    private readonly HelpAction _page = new();

    /// <summary>Who asks for help gets it, whatever else is wrong.</summary>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var command = parseResult.CommandResult.Command;
        if (command is not RootCommand)
        {
            var code = _page.Invoke(parseResult);
            if (command.Name == StressCommand.Name)
                parseResult.InvocationConfiguration.Output.WriteLine(StressCommand.Explanation);
            return code;
        }

        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Measures TurnServer.");
        output.WriteLine();
        output.WriteLine("Usage:");
        Write("[filter]", "micro-benchmarks: all, or those with such a name, as '*Update*'");
        foreach (var sub in command.Subcommands.Where(sub => !sub.Hidden))
            Write(sub.Name, sub.Description!);
        output.WriteLine();
        output.WriteLine("./run.sh bench COMMAND --help tells more.");
        return 0;

        void Write(string name, string what) => output.WriteLine($"  ./run.sh bench {name,-CommandWidth} {what}");
    }
}
