using System.CommandLine;
using TurnServer.Bench.HttpCost;
using TurnServer.Bench.Memory;

namespace TurnServer.Bench;

/// <summary>The sub-commands and their flags.</summary>
internal static class Commands
{
    // Below 32768, from where the kernel gives ports to outgoing connections.
    private const int PortDefault = 18_100;

    public static Command Micro()
    {
        var filter = new Argument<string>("filter")
        {
            Description = "which ones, such as *Update*",
            DefaultValueFactory = _ => "*",
        };
        var command = new Command("micro", "Parser, replies, rules and actor: time and bytes allocated") { filter };
        command.SetAction(result => MicroCommand.Run(result.GetValue(filter)!));
        return command;
    }

    public static Command Memory()
    {
        var command = new Command("memory", "Managed memory per waiting player and per idle game");
        command.SetAction(_ => MemoryCommand.Run());
        return command;
    }

    public static Command HttpCost()
    {
        var seconds = Number("--seconds", "length of one run", 5, 1, 25);
        var rounds = Number("--rounds", "how often each server is driven", 5, 1, 100);
        var connections = Number("--connections", "connections, two to a game", 8, 2, 256);
        connections.Validators.Add(result =>
        {
            if (result.GetValue(connections) % 2 != 0)
                result.AddError("--connections: give an even number, two to a game.");
        });
        var port = Number("--port", "port of this server; the bare one takes the next", PortDefault, 1024, 65_534);
        var flags = new Argument<string[]>("server-flags") { Description = "further flags for this server" };
        var command = new Command("http-cost", "CPU time of an update over HTTP, beside a bare HttpListener's")
        {
            seconds, rounds, connections, port, flags,
        };
        command.SetAction((result, _) => HttpCostCommand.RunAsync(new HttpCostOptions(
            result.GetValue(seconds), result.GetValue(rounds), result.GetValue(connections), result.GetValue(port),
            result.GetValue(flags) ?? [])));
        return command;
    }

    public static Command Bare()
    {
        var port = Number("--port", "port", PortDefault, 1024, 65_535);
        var command = new Command("bare", "The bare HttpListener that http-cost compares with.") { port };
        command.SetAction((result, _) => BareListener.RunAsync(result.GetValue(port)));
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
