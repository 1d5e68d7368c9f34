using System.CommandLine;
using System.Globalization;
using TurnServer.Tests.Simulation;
using Symbol = TurnServer.Protocol.Symbol;

namespace TurnServer.Tests;

/// <summary>
/// <c>simulate</c>: plays histories of everything below HTTP from a seed, and shows the first that fails, shrunk.
/// </summary>
internal static class SimulateCommand
{
    public const string Name = "simulate";
    private const int HistoriesDefault = 20_000;
    private const int Failed = 1;

    public static Command Create()
    {
        var seed = new Option<ulong?>("--seed") { Description = "what all is drawn from (default: another each time)" };
        var histories = Number("--histories", "how many to play", HistoriesDefault);
        var steps = Number("--steps", "what the players set out to do in each (default: drawn)", null);
        var crashes = new Option<bool>("--crash")
        {
            Description = "let the server be killed, or the machine lose its power, and start again from the journal",
        };
        var command = new Command(Name, "play the rules against a simulated network, clock and crowd of players")
        {
            seed, steps, histories, crashes,
        };
        command.SetAction(result => Run(
            result.GetValue(seed) ?? (ulong)Random.Shared.NextInt64(),
            result.GetValue(histories) ?? HistoriesDefault,
            result.GetValue(steps),
            result.GetValue(crashes) ? Simulator.OfJournaled() : Simulator.OfTable(),
            Console.Out));
        return command;
    }

    /// <summary>Plays, and says what was played and whether it went well. Returns the exit code.</summary>
    public static int Run(ulong seed, int histories, int? steps, Simulator simulator, TextWriter output)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed}"));
        var failure = simulator.Run(seed, histories, steps);
        Report(simulator, output);
        if (failure is null)
            return 0;
        output.WriteLine();
        output.Write(failure);
        return Failed;
    }

    private static void Report(Simulator simulator, TextWriter output)
    {
        var tallies = simulator.Tallies;
        var seconds = simulator.Elapsed.TotalSeconds;
        Line($"histories   {simulator.Histories}");
        Line($"steps       {tallies.Steps} in {seconds:0.0} s, {tallies.Steps / seconds:0} a second");
        Line($"requests    {string.Join(", ", Enum.GetValues<Symbol>().Select(symbol =>
            string.Create(CultureInfo.InvariantCulture, $"{(int)symbol}: {tallies.Requests[(int)symbol]}")))}");
        Line($"            {tallies.Malformed} malformed, {tallies.Misbehaved} against the protocol");
        Line($"network     {tallies.Lost} requests or replies lost, {tallies.Late} late, {tallies.Doubled} doubled");
        Line($"server      {tallies.Held} replies held, {tallies.Ticks} ticks");
        Line($"            {tallies.Freezes} freezes, {tallies.Crashes} crashes");
        Line($"errors      {string.Join(", ", Enumerable.Range(1, tallies.Errors.Length - 1)
            .Where(error => tallies.Errors[error] > 0)
            .Select(error => string.Create(CultureInfo.InvariantCulture, $"{error}: {tallies.Errors[error]}")))}");
        Line($"games       {tallies.Games} started, {tallies.Turns} turns relayed");

        void Line(FormattableString line) => output.WriteLine(line.ToString(CultureInfo.InvariantCulture));
    }

    private static Option<int?> Number(string name, string description, int? defaultValue)
    {
        var option = new Option<int?>(name) { Description = description, DefaultValueFactory = _ => defaultValue };
        option.Validators.Add(result =>
        {
            if (result.GetValue(option) < 1)
                result.AddError($"{name}: give a whole number from 1.");
        });
        return option;
    }
}
