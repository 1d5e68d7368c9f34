using System.CommandLine;
using System.CommandLine.Help;
using TurnServer.Cli;
using TurnServer.Client;
using ServerCommandLine = TurnServer.Cli.CommandLine;

namespace TurnServer.Bench.Cli;

/// <summary>
/// A subcommand of <c>run.sh</c> that the benchmarks or the tests provide: its options, and its help page and errors in
/// the style of the server's.
/// </summary>
/// <param name="name">The word that selects it.</param>
/// <param name="title">What it does, for the list of commands.</param>
internal sealed class Subcommand(string name, string title)
{
    private static readonly (int, string)[] UsualExitCodes =
    [
        (ExitCode.Ok, "done"), (1, "cannot run; the message says why"), (ExitCode.Usage, "an option is wrong"),
    ];

    public Command Command { get; } = new(name, title);

    /// <summary>How people type it.</summary>
    public string Call { get; init; } = $"./run.sh bench {name}";

    public string Title => title;

    /// <summary>The arguments as the usage line has them, each with its explanation.</summary>
    public IReadOnlyList<(Argument Argument, string Word, string Help)> Arguments { get; init; } = [];

    /// <summary>The options in the order of the help.</summary>
    public IReadOnlyList<Flag> Flags { get; init; } = [];

    /// <summary>What else the help page says.</summary>
    public string Notes { get; init; } = "";

    public IReadOnlyList<(int Code, string Meaning)> ExitCodes { get; init; } = UsualExitCodes;

    /// <summary>Whether it simulates thousands of players in this process, and ends their games on a signal.</summary>
    public bool SimulatesPlayers { get; init; }

    public HelpPage Page => new($"{char.ToUpperInvariant(title[0])}{title[1..]}.", Usage(),
        Arguments.Count == 0
            ? null
            : ("Arguments", [.. Arguments.Select(argument => (argument.Word, argument.Help))]),
        Flags, Notes)
    {
        ExitCodes = ExitCodes,
    };

    // Server flags behind -- come last.
    private string Usage()
    {
        var words = Arguments.Select(argument => argument.Word)
            .ToLookup(word => word.Contains("--", StringComparison.Ordinal));
        return string.Join(' ', [Call, .. words[false], .. Flags.Count > 0 ? ["[options]"] : Array.Empty<string>(),
            .. words[true]]);
    }

    /// <summary>Sets what it does.</summary>
    /// <param name="read">Reads the options and collects what is wrong with them.</param>
    /// <param name="runAsync">Runs and returns the exit code; not called when anything is wrong.</param>
    public Subcommand Does<T>(Func<ParseResult, List<string>, T> read, Func<T, CancellationToken, Task<int>> runAsync)
    {
        foreach (var (argument, _, _) in Arguments)
            Command.Add(argument);
        foreach (var flag in Flags)
            Command.Add(flag.Option);
        Command.SetAction((result, cancel) =>
        {
            var errors = new List<string>();
            var options = read(result, errors);
            return errors.Count == 0 ? runAsync(options, cancel) : Task.FromResult(Refuse(errors));
        });
        return this;
    }

    /// <summary>Runs a command line; returns the exit code.</summary>
    /// <param name="subcommands">The commands that the help lists.</param>
    /// <param name="hidden">Commands for programs, without help.</param>
    /// <param name="overview">The help page of the program itself.</param>
    /// <param name="args">The command line.</param>
    /// <param name="output">Where help goes.</param>
    public static async Task<int> RunAsync(IReadOnlyList<Subcommand> subcommands, IEnumerable<Command> hidden,
        HelpPage overview, string[] args, TextWriter output)
    {
        var root = new RootCommand();
        foreach (var subcommand in subcommands)
            root.Add(subcommand.Command);
        foreach (var command in hidden)
            root.Add(command);
        root.Options.OfType<HelpOption>().Single().Action = new HelpText(overview,
            subcommands.ToDictionary(subcommand => subcommand.Command, subcommand => subcommand.Page));
        var parsed = ServerCommandLine.Parse(root, args, out var errors);
        var called = subcommands.FirstOrDefault(subcommand => subcommand.Command == parsed.CommandResult.Command);
        if (errors.Count > 0 && parsed.Action is not { ClearsParseErrors: true })
            return (called ?? subcommands[0]).Refuse(errors);
        var configuration = new InvocationConfiguration { Output = output };
        if (called is { SimulatesPlayers: true })
        {
            // Threads of the pool that spin for work before they sleep take a sixth of the CPU time, on cores that the
            // server shares. Read when the pool starts.
            AppContext.SetData("System.Threading.ThreadPool.UnfairSemaphoreSpinLimit", "0");
            // Such a command handles signals itself: it ends its games cleanly.
            configuration.ProcessTerminationTimeout = null;
        }

        return await parsed.InvokeAsync(configuration);
    }

    // Prints what is wrong with a command line; user name and password of a URL are hidden.
    private int Refuse(IEnumerable<string> errors)
    {
        foreach (var error in errors)
            Console.Error.WriteLine($"{name}: {TerminalText.OnOneLine(ServerUrl.HideUserInfo(error))}");
        Console.Error.WriteLine($"{Call} --help lists the options");
        return ExitCode.Usage;
    }
}
