using System.Globalization;
using TurnServer.Bench.Cli;
using TurnServer.Cli;
using TurnServer.Protocol;
using TurnServer.Tests.Simulation;

namespace TurnServer.Tests;

/// <summary>
/// <c>simulate</c>: plays random histories of everything below HTTP, and prints the first failure, shrunk.
/// </summary>
internal static class SimulateCommand
{
    private const int HistoriesDefault = 20_000;
    private const int Failed = 1;

    public static Subcommand Create()
    {
        var seed = Options.Value<ulong?>("--seed", "SEED", "seed of the random generator", ParseSeed, null, "random");
        var histories = Options.Whole("--histories", "number of histories", HistoriesDefault, 1, int.MaxValue);
        var steps = Options.Value("--steps", "number of steps in each history",
            FlagType.Optional(FlagType.Whole("COUNT", 1, int.MaxValue, "a count"), "drawn from the seed"), null);
        var crash = Options.Switch("--crash", "also simulate process crashes and power loss, with the journal");
        var cluster = Options.Switch("--cluster",
            "simulate several servers on one log instead, which die, freeze, stop and take over at any moment");
        var shards = Options.Switch("--shards",
            "simulate a lobby and shards with games instead, whose messages are lost and whose owners are replaced");
        return new Subcommand("simulate", "play random histories against the rules and compare them with a model")
        {
            Call = "./run.sh simulate",
            Flags = [seed, histories, steps, crash, cluster, shards],
            Notes = "A failing history is printed, shrunk, with the command that repeats it.",
            ExitCodes =
            [
                (ExitCode.Ok, "all histories passed"), (Failed, "a history failed"),
                (ExitCode.Usage, "an option is wrong"),
            ],
        }.Does(
            (result, errors) => (Seed: seed.Read(result, errors), Histories: histories.Read(result, errors),
                Steps: steps.Read(result, errors),
                Kind: shards.Read(result, errors) ? SimulationKind.Shards
                : cluster.Read(result, errors) ? SimulationKind.Cluster
                : crash.Read(result, errors) ? SimulationKind.Journal : SimulationKind.Table),
            (options, _) => Task.FromResult(Run(options.Seed ?? (ulong)Random.Shared.NextInt64(), options.Histories,
                options.Steps, Simulator.For(options.Kind), Console.Out)));
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
        if (statistics.HandOvers > 0)
        {
            Line($"cluster     {statistics.Freezes} freezes, {statistics.HandOvers} ordered stops");
            Line($"log         {statistics.Unacknowledged} acknowledgements lost, {statistics.Refused} refused");
            Line($"            {statistics.Gaps} standbys that fell behind, {statistics.Snapshots} snapshots");
        }

        if (statistics.TakeOvers > 0)
        {
            Line($"shards      {statistics.TakeOvers} takeovers, {statistics.TakeOversWithMessages} among messages");
            Line($"            {statistics.FramesLost} frames lost, {statistics.FramesDoubled} doubled");
            Line($"            {statistics.FramesReordered} reordered");
        }

        Line($"errors      {string.Join(", ", Enumerable.Range(1, statistics.Errors.Length - 1)
            .Where(error => statistics.Errors[error] > 0)
            .Select(error => string.Create(CultureInfo.InvariantCulture, $"{error}: {statistics.Errors[error]}")))}");
        Line($"games       {statistics.Games} started, {statistics.Turns} turns relayed");

        void Line(FormattableString line) => output.WriteLine(line.ToString(CultureInfo.InvariantCulture));
    }

    private static (ulong? Seed, string? Expected) ParseSeed(string text) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seed)
            ? (seed, null)
            : (null, "a whole number from 0 to 18446744073709551615");
}
