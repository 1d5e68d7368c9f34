using System.CommandLine;
using System.Globalization;
using TurnServer.Tests.Simulation;
using Symbol = TurnServer.Protocol.Symbol;

namespace TurnServer.Tests;

/// <summary>
/// <c>simulate</c>: plays random histories of everything below HTTP, and prints the first failure, shrunk.
/// </summary>
internal static class SimulateCommand
{
    public const string Name = "simulate";
    private const int HistoriesDefault = 20_000;
    private const int Failed = 1;

    public static Command Create()
    {
        var seed = new Option<ulong?>("--seed") { Description = "seed of the random generator (default: random)" };
        var histories = Number("--histories", "number of histories to play", HistoriesDefault);
        var steps = Number("--steps", "number of steps in each history (default: drawn from the seed)", null);
        var crashes = new Option<bool>("--crash")
        {
            Description = "simulate process crashes and power loss, with recovery from the journal",
        };
        var command = new Command(Name, "play random histories of players, network faults and time against the rules")
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

    /// <summary>Plays the histories and prints statistics and a failure, if any. Returns the exit code.</summary>
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
        var statistics = simulator.Statistics;
        var seconds = simulator.Elapsed.TotalSeconds;
        Line($"histories   {simulator.Histories}");
        Line($"events      {statistics.Events} in {seconds:0.0} s, {statistics.Events / seconds:0}/s");
        Line($"requests    {string.Join(", ", Enum.GetValues<Symbol>().Select(symbol =>
            string.Create(CultureInfo.InvariantCulture, $"{(int)symbol}: {statistics.Requests[(int)symbol]}")))}");
        Line($"            {statistics.Malformed} malformed, {statistics.Misbehaved} protocol violations");
        Line($"network     {statistics.Lost} lost, {statistics.Late} late, {statistics.Duplicated} duplicated");
        Line($"server      {statistics.Held} replies held, {statistics.Ticks} ticks");
        Line($"            {statistics.Suspensions} suspensions, {statistics.Crashes} crashes");
        Line($"errors      {string.Join(", ", Enumerable.Range(1, statistics.Errors.Length - 1)
            .Where(error => statistics.Errors[error] > 0)
            .Select(error => string.Create(CultureInfo.InvariantCulture, $"{error}: {statistics.Errors[error]}")))}");
        Line($"games       {statistics.Games} started, {statistics.Turns} turns relayed");

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
