using System.CommandLine;
using TurnServer.Bench.Cluster.Cost;
using TurnServer.Bench.Cluster.Faults;
using TurnServer.Bench.Compare;
using TurnServer.Bench.Journal;
using TurnServer.Bench.Journal.Survival;
using TurnServer.Bench.Load;
using TurnServer.Bench.Memory;
using TurnServer.Bench.Publish;
using TurnServer.Bench.Restart;
using TurnServer.Bench.Rivals;
using TurnServer.Bench.Rivals.Servers;
using TurnServer.Bench.Soak;
using TurnServer.Cli;

namespace TurnServer.Bench.Cli;

/// <summary>The subcommands.</summary>
internal sealed class Commands
{
    private static readonly Argument<string> Filter = new("filter") { DefaultValueFactory = _ => "*" };

    private readonly Subcommand[] _commands =
    [
        new Subcommand("micro", "the same, spelled out")
        {
            Arguments = [(Filter, "[FILTER]", "which ones, such as '*Update*' [all]")],
        }.Does((result, _) => result.GetValue(Filter)!, (filter, _) => Task.FromResult(MicroCommand.Run(filter))),
        new Subcommand("memory", "measure managed memory per waiting player and per idle game")
            .Does((_, _) => true, (_, _) => Task.FromResult(MemoryCommand.Run())),
        CompareCommand.Create(),
        RivalsCommand.Create(),
        PublishCommand.Create(),
        RestartCommand.Create(),
        SoakRun.Create(),
        JournalCommand.Create(),
        CostCommand.Create(),
        FaultsCommand.Create(),
        StressCommand.Create(),
    ];

    /// <summary>Runs a command line; returns the exit code.</summary>
    /// <param name="args">What is no subcommand is a filter of the micro-benchmarks.</param>
    /// <param name="output">Where help goes.</param>
    public Task<int> RunAsync(string[] args, TextWriter output)
    {
        var children = ChildCommands().ToList();
        var isCommand = args is [var first, ..] && (first.StartsWith('-')
            || _commands.Select(command => command.Command).Concat(children).Any(command => command.Name == first));
        return Subcommand.RunAsync(_commands, children, Overview(), isCommand ? args : ["micro", .. args], output);
    }

    // What compare, rivals and journal --survive start as child processes.
    private static IEnumerable<Command> ChildCommands()
    {
        yield return Bare("bare", BareListener.RunAsync);
        // A lambda, so that Kestrel is loaded only when it is called.
        yield return Bare("bare-kestrel", port => new BareKestrel().RunAsync(port));
        yield return Bare("rivals-bare", ListenerRelay.RunAsync);
        yield return Bare("rivals-kestrel", port => new KestrelRelay().RunAsync(port));
        var (contender, directory, seed) =
            (new Argument<string>("contender"), new Argument<string>("directory"), new Argument<int>("seed"));
        var writer = new Command(JournalChild.Writer) { contender, directory, seed };
        writer.SetAction(result => JournalChild.Write(result.GetValue(contender)!, result.GetValue(directory)!,
            result.GetValue(seed)));
        yield return writer;
        var reader = new Command(JournalChild.Reader) { contender };
        reader.SetAction(result => JournalChild.Read(result.GetValue(contender)!));
        yield return reader;
    }

    private static Command Bare(string name, Func<int, Task<int>> runAsync)
    {
        var port = new Option<int>("--port");
        var command = new Command(name) { port };
        command.SetAction((result, _) => runAsync(result.GetValue(port)));
        return command;
    }

    private HelpPage Overview() => new("Measures TurnServer.", "./run.sh bench [COMMAND] [options]",
        ("Commands",
        [
            ("./run.sh bench [FILTER]", "micro-benchmarks: all, or those whose names match, such as '*Update*'"),
            .. _commands.Select(command => (command.Call, command.Title)),
        ]),
        [], "Each command but the first has a help page: --help.");
}
