using System.CommandLine;
using System.CommandLine.Help;
using TurnServer.Bench.Compare;
using TurnServer.Bench.Journal;
using TurnServer.Bench.Journal.Survival;
using TurnServer.Bench.Load;
using TurnServer.Bench.Memory;
using TurnServer.Bench.Publish;
using TurnServer.Bench.Restart;
using TurnServer.Bench.Soak;

namespace TurnServer.Bench;

/// <summary>The sub-commands and their flags.</summary>
internal static class Commands
{
    public const string SoakName = "soak";

    // Below 32768, from where the kernel gives ports to outgoing connections.
    private const int PortDefault = 18_100;
    private const int RestartPort = 18_120;

    /// <summary>Reads the command line; what is no sub-command is a filter of the micro-benchmarks.</summary>
    public static ParseResult Parse(string[] args)
    {
        var root = new RootCommand
        {
            Micro(),
            Memory(),
            Compare(),
            Publish(),
            Restart(),
            Soak(),
            Journal(),
            JournalWriter(),
            JournalReader(),
            Bare("bare", BareListener.RunAsync),
            // Not the method itself: Kestrel is loaded when it is called.
            Bare("bare-kestrel", port => BareKestrel.RunAsync(port)),
            StressCommand.Create(),
        };
        root.Options.OfType<HelpOption>().Single().Action = new Overview();
        var isCommand = args is [var first, ..]
            && (first.StartsWith('-') || root.Subcommands.Any(command => command.Name == first));
        return root.Parse(isCommand ? args : ["micro", .. args]);
    }

    private static Command Micro()
    {
        var filter = new Argument<string>("filter")
        {
            Description = "which ones, such as '*Update*'",
            DefaultValueFactory = _ => "*",
        };
        var command = new Command("micro", "the same, spelled out") { filter };
        command.SetAction(result => MicroCommand.Run(result.GetValue(filter)!));
        return command;
    }

    private static Command Memory()
    {
        var command = new Command("memory", "managed memory per waiting player and per idle game");
        command.SetAction(_ => MemoryCommand.Run());
        return command;
    }

    private static Command Compare()
    {
        var seconds = Number("--seconds", "length of one run", 2, 1, 25);
        var rounds = Number("--rounds", "how often each is driven, after once to warm up", 9, 1, 100);
        var connections = Number("--connections", "requests on their way at once, an even number", 8, 2, 256);
        connections.Validators.Add(result =>
        {
            if (result.GetValue(connections) % 2 != 0)
                result.AddError("--connections: give an even number, two to a game.");
        });
        var portMax = 65_536 - Field.PortsUsed;
        var port = Number("--port", $"the first of {Field.PortsUsed} ports", PortDefault, 1024, portMax);
        var state = new Option<bool>("--state")
        {
            Description = "this server with --state as well, beside itself without",
        };
        var flags = ServerFlags();
        var command = new Command("compare", "this server over HTTP beside a bare HttpListener and a bare Kestrel")
        {
            seconds, rounds, connections, port, state, flags,
        };
        command.SetAction((result, _) => CompareCommand.RunAsync(new CompareOptions(
            TimeSpan.FromSeconds(result.GetValue(seconds)), result.GetValue(rounds), result.GetValue(connections),
            result.GetValue(port), result.GetValue(state), result.GetValue(flags) ?? []), Console.Out, Console.Error));
        return command;
    }

    private static Command Publish()
    {
        var seconds = Number("--seconds", "length of one run", 6, 1, 25);
        var rounds = Number("--rounds", "how often each is driven", 5, 1, 100);
        var pairs = Number("--pairs", "pairs in the run that measures latency", 50, 1, 1000);
        var port = Number("--port", "port", PortDefault + Field.PortsUsed, 1024, 65_535);
        var command = new Command("publish", "the ways to publish this server beside each other")
        {
            seconds, rounds, pairs, port,
        };
        command.SetAction((result, _) => PublishCommand.RunAsync(new PublishOptions(
            TimeSpan.FromSeconds(result.GetValue(seconds)), result.GetValue(rounds), result.GetValue(pairs),
            result.GetValue(port), Build.All), Console.Out, Console.Error));
        return command;
    }

    private static Command Restart()
    {
        var games = Number("--games", "games that the server has", 50_000, 10, 50_000);
        var rounds = Number("--rounds", "how often it is killed, and stopped", 3, 1, 100);
        var server = new Option<string?>("--server")
        {
            Description = "the program of another build, as publish makes it",
        };
        var port = Number("--port", "the first of two ports", RestartPort, 1024, 65_534);
        var command = new Command("restart", "how long a server with its state on the disk takes to come back")
        {
            games, rounds, server, port,
        };
        command.SetAction((result, _) => RestartCommand.RunAsync(new RestartOptions(result.GetValue(games),
            result.GetValue(rounds), result.GetValue(port), result.GetValue(server)), Console.Out, Console.Error));
        return command;
    }

    private static Command Soak()
    {
        const int PortFirst = PortDefault + Field.PortsUsed + 1;
        var defaults = new SoakOptions { Port = PortFirst, AdminPort = PortFirst + 1 };
        var rate = Number("--rate", "requests a second", defaults.Rate, 10, 100_000);
        var duration = new Option<TimeSpan>("--duration")
        {
            Description = "how long: 10m, 90s, or plain seconds [default: 10m]",
            DefaultValueFactory = _ => defaults.Duration,
            CustomParser = result =>
            {
                if (!Durations.TryParse(result.Tokens[0].Value, out var parsed))
                    result.AddError($"--duration {result.Tokens[0].Value}: give {Durations.WhatWouldDo}.");
                return parsed;
            },
        };
        var wait = new Option<bool>("--wait") { Description = "have the server hold replies" };
        var port = Number("--port", "the first of two ports", PortFirst, 1024, 65_534);
        var flags = ServerFlags();
        var command = new Command(SoakName, "whether memory is flat after minutes of play; every turn is checked")
        {
            rate, duration, wait, port, flags,
        };
        command.SetAction((result, cancel) => SoakRun.RunAsync(new SoakOptions
        {
            Rate = result.GetValue(rate),
            Duration = result.GetValue(duration),
            HoldsReplies = result.GetValue(wait),
            Port = result.GetValue(port),
            AdminPort = result.GetValue(port) + 1,
            ServerFlags = result.GetValue(flags) ?? [],
        }, Console.Out, Console.Error, cancel));
        return command;
    }

    private static Argument<string[]> ServerFlags() => new("server flags")
    {
        Description = "behind --: flags for this server",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static Command Journal()
    {
        var milliseconds = Number("--milliseconds", "length of one run", 500, 1, 10_000);
        var rounds = Number("--rounds", "how often each is measured", 3, 1, 100);
        var records = Number("--records", "how many records are read back", 1_000_000, 64, 10_000_000);
        var survive = new Option<bool>("--survive") { Description = "damage the files instead, and see who notices" };
        var trials = Number("--trials", "how often in each way", 300, 1, 100_000);
        var kills = Number("--kills", "how often a process that appends is killed", 100, 1, 10_000);
        var seed = Number("--seed", "of the damage", 1, 0, int.MaxValue);
        var directory = new Option<string>("--directory")
        {
            Description = "where the files are made, on the disk that is to be measured",
            DefaultValueFactory = _ => Path.GetTempPath(),
        };
        var command = new Command("journal", "files of our own for the state beside FasterLog and SQLite")
        {
            milliseconds, rounds, records, survive, trials, kills, seed, directory,
        };
        command.SetAction((result, _) => result.GetValue(survive)
            ? SurvivalCommand.RunAsync(new SurvivalOptions(result.GetValue(trials), result.GetValue(kills),
                result.GetValue(seed), result.GetValue(directory)!), Console.Out)
            : Task.FromResult(JournalCommand.Run(new JournalBenchOptions(
                TimeSpan.FromMilliseconds(result.GetValue(milliseconds)), result.GetValue(rounds),
                result.GetValue(records), result.GetValue(directory)!), Console.Out)));
        return command;
    }

    // What journal --survive starts as child processes.
    private static Command JournalWriter()
    {
        var name = new Argument<string>("contender");
        var directory = new Argument<string>("directory");
        var seed = new Argument<int>("seed");
        var command = new Command(JournalChild.Writer, "Appends records") { name, directory, seed };
        command.Hidden = true;
        command.SetAction(result => JournalChild.Write(result.GetValue(name)!, result.GetValue(directory)!,
            result.GetValue(seed)));
        return command;
    }

    private static Command JournalReader()
    {
        var name = new Argument<string>("contender");
        var command = new Command(JournalChild.Reader, "Reads records") { name };
        command.Hidden = true;
        command.SetAction(result => JournalChild.Read(result.GetValue(name)!));
        return command;
    }

    // What compare starts as child processes.
    private static Command Bare(string name, Func<int, Task<int>> runAsync)
    {
        var port = Number("--port", "port", PortDefault, 1024, 65_535);
        var command = new Command(name, "A bare server for compare") { port };
        command.Hidden = true;
        command.SetAction((result, _) => runAsync(result.GetValue(port)));
        return command;
    }

    private static Option<int> Number(string name, string description, int defaultValue, int min, int max)
    {
        var option = new Option<int>(name)
        {
            Description = description,
            DefaultValueFactory = _ => defaultValue,
        };
        option.Validators.Add(result =>
        {
            if (result.GetValue(option) < min || result.GetValue(option) > max)
                result.AddError($"{name}: give a whole number from {min} to {max}.");
        });
        return option;
    }
}
