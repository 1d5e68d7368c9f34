using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using TurnServer.Client;

namespace TurnServer.Bench.Load;

/// <summary>The flags of <c>stress</c>.</summary>
internal static class StressCommand
{
    public const string Name = "stress";

    private static readonly TimeSpan DurationDefault = TimeSpan.FromSeconds(100);

    /// <summary>What its page of help says below the flags.</summary>
    public const string Explanation = """
        Each player registers, is paired, loads, plays, quits and starts over; every turn sent is checked to arrive once
        and in order.

        Each player sends turns at a fixed rate, never waiting for the one before to be answered. Latencies of turns and
        of updates count from the moment at which the turn was due, so that a server that stalls cannot hide the turns
        that it keeps waiting. Without --wait a player gets its partner's turns with the replies to its own: a turn then
        takes up to 1/rate seconds. With --wait the server holds a reply for each player, to deliver a turn at once.

        Half of the pairs name each other, the other half takes whoever comes. A game lasts about 100 turns of each, or
        20 seconds. Strangers that wait on the same server are let go again.

        --ramp takes both ends and 1, 2 and 5 times each power of ten between them, none for less than two seconds.

        SIGINT or SIGTERM ends it early: games are played to their end, and the statistics printed. A second one ends it
        at once.

        Exit codes: 0 every turn arrived once and in order; 1 cannot run, as nothing answers there or no turn server;
        2 a flag is wrong; 5 a turn did not arrive once and in order.
        """;

    public static Command Create()
    {
        var url = new Argument<Uri>("url")
        {
            Description = "the server, such as http://localhost:8080/",
            CustomParser = ReadUrl,
        };
        var clients = Number("--clients", "players at once", 30, 2, 100_000, isWhole: true);
        var rate = Number("--rate", "turns a second of each player", 5, 0.05, 1000);
        var duration = new Option<TimeSpan?>("--duration")
        {
            Description = "how long to play: 100s, 2m, 500ms, or plain seconds [default: 100s]",
            CustomParser = result => Read(result, "--duration", Durations.WhatWouldDo,
                TimeSpan? (text) => Durations.TryParse(text, out var parsed) ? parsed : null),
        };
        var wait = new Option<bool>("--wait") { Description = "have the server hold replies: turns come at once" };
        var loss = Number("--loss", "the share of replies to drop, 0 to 0.9: those requests are repeated", 0, 0, 0.9);
        var ramp = new Option<Ramp?>("--ramp")
        {
            Description = "repeat for more and more players, such as 10..1000, each for its share of the duration",
            CustomParser = result => Read(result, "--ramp", Ramp.WhatWouldDo, Ramp.Parse),
        };
        var plot = new Option<string?>("--plot") { Description = "write a page of charts to this file" };
        var json = new Option<string?>("--json") { Description = "write all that was measured to this file" };
        var seed = Number("--seed", "makes the same choices again: when to send, how long to play, what to drop", 1, 0,
            int.MaxValue, isWhole: true);
        var standard = new Option<bool>("--standard-http")
        {
            Description = "carry requests by .NET's own HTTP client, to compare what it takes",
        };
        var command = new Command(Name, "simulated players, every turn checked, and how long all took")
        {
            url, clients, rate, duration, wait, loss, ramp, plot, json, seed, standard,
        };
        command.SetAction((result, cancel) => new StressRun(
            new LoadOptions
            {
                Settings = new LoadSettings(result.GetValue(url)!, (int)result.GetValue(clients), result.GetValue(rate),
                    result.GetValue(duration) ?? DurationDefault, result.GetValue(wait), result.GetValue(loss)),
                Seed = (int)result.GetValue(seed),
                HasStandardHttp = result.GetValue(standard),
            },
            result.GetValue(ramp), result.GetValue(plot), result.GetValue(json), Console.Out).RunAsync(cancel));
        return command;
    }

    private static Option<double> Number(string name, string description, double defaultValue, double min, double max,
        bool isWhole = false)
    {
        var what = $"a {(isWhole ? "whole " : "")}number from {min} to {max}";
        return new Option<double>(name)
        {
            Description = description,
            DefaultValueFactory = _ => defaultValue,
            CustomParser = result => Read(result, name, what, double? (text) =>
                double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                    && number >= min && number <= max && (!isWhole || number == Math.Floor(number)) ? number : null)
                ?? defaultValue,
        };
    }

    private static Uri ReadUrl(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        var url = ServerUrl.Read(text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}",
            out var whatIsWrong);
        if (whatIsWrong is not null)
            result.AddError($"{whatIsWrong}.");
        return url!;
    }

    private static T? Read<T>(ArgumentResult result, string name, string whatWouldDo,
        Func<string, T?> parse)
    {
        var value = parse(result.Tokens[0].Value);
        if (value is null)
            result.AddError($"{name} {result.Tokens[0].Value}: give {whatWouldDo}.");
        return value;
    }
}
