using System.Runtime.InteropServices;
using TurnServer.Bench.Cli;
using TurnServer.Bench.Journal.Survival;
using TurnServer.Journal;

namespace TurnServer.Bench.Journal;

/// <summary>How much is measured.</summary>
/// <param name="RunLength">How long one contender appends under one sync policy with one batch size.</param>
/// <param name="Rounds">How often each contender does.</param>
/// <param name="Records">How many records are read.</param>
/// <param name="Directory">A directory on the disk to be measured.</param>
internal sealed record JournalBenchOptions(TimeSpan RunLength, int Rounds, int Records, string Directory);

/// <summary>Compares the costs of ways to keep the server's journal.</summary>
internal static class JournalCommand
{
    private static readonly int[] Batches = [1, 8, 64];

    // Long enough for tiered compilation.
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(200);

    /// <summary>The subcommand with its options.</summary>
    public static Subcommand Create()
    {
        var milliseconds = Options.Whole("--milliseconds", "length of one run", 500, 1, 10_000);
        var rounds = Options.Whole("--rounds", "how often each is measured", 3, 1, 100);
        var records = Options.Whole("--records", "records to read back", 1_000_000, 64, 10_000_000);
        var survive = Options.Switch("--survive", "damage the files instead, and count what each reader notices");
        var trials = Options.Whole("--trials", "with --survive: trials of each kind of damage", 300, 1, 100_000);
        var kills = Options.Whole("--kills", "with --survive: kills of a process that appends", 100, 1, 10_000);
        var seed = Options.Whole("--seed", "with --survive: seed of the damage", 1, 0, int.MaxValue);
        var directory = Options.Value("--directory", "DIR", "where to write the files, on the disk to be measured",
            text => (text, null), Path.GetTempPath(), Path.GetTempPath());
        return new Subcommand("journal", "compare the server's journal with FasterLog and SQLite")
        {
            Flags = [milliseconds, rounds, records, survive, trials, kills, seed, directory],
        }.Does((result, errors) => (
            Survive: survive.Read(result, errors),
            Costs: new JournalBenchOptions(TimeSpan.FromMilliseconds(milliseconds.Read(result, errors)),
                rounds.Read(result, errors), records.Read(result, errors), directory.Read(result, errors)),
            Survival: new SurvivalOptions(trials.Read(result, errors), kills.Read(result, errors),
                seed.Read(result, errors), directory.Read(result, errors))),
            (options, _) => options.Survive
                ? SurvivalCommand.RunAsync(options.Survival, Console.Out)
                : Task.FromResult(Run(options.Costs, Console.Out)));
    }

    /// <summary>Measures and prints; returns the exit code.</summary>
    public static int Run(JournalBenchOptions options, TextWriter output)
    {
        output.WriteLine($"{Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}; records of "
            + $"{JournalMeasurement.RecordBytes} bytes; medians of {options.Rounds} rounds, "
            + $"{options.RunLength.TotalSeconds} s a run; below {options.Directory}");
        using var root = new ScratchDirectory(options.Directory);
        foreach (var sync in Enum.GetValues<StateSync>())
        {
            foreach (var batch in Batches)
            {
                var rounds = Appends(sync, batch, options, root);
                output.Write(JournalReport.Appends(Contenders.Writers, sync, batch, rounds));
            }
        }

        output.Write(Reads(options, root));
        return 0;
    }

    private static List<AppendCosts[]> Appends(StateSync sync, int batch, JournalBenchOptions options,
        ScratchDirectory root)
    {
        if (batch == Batches[0])
            InTurn(Contenders.Writers, 0, writer => JournalMeasurement.Append(writer, sync, batch, WarmUp, root.Path));
        return Enumerable.Range(0, options.Rounds).Select(round => InTurn(Contenders.Writers, round,
            writer => JournalMeasurement.Append(writer, sync, batch, options.RunLength, root.Path))).ToList();
    }

    private static string Reads(JournalBenchOptions options, ScratchDirectory root)
    {
        var readers = Contenders.Readers;
        var bytes = new List<double>();
        var rounds = new List<double[]>();
        var directories = new Dictionary<IContender, string>();
        foreach (var reader in readers)
        {
            directories.Add(reader, new ScratchDirectory(root.Path).Path);
            bytes.Add(JournalMeasurement.Write(reader, options.Records, directories[reader]));
        }

        for (var round = 0; round < options.Rounds; round++)
        {
            rounds.Add(InTurn(readers, round,
                reader => JournalMeasurement.Read(reader, options.Records, directories[reader])));
        }

        return JournalReport.Reads(readers, options.Records, bytes, rounds);
    }

    private static T[] InTurn<T>(IReadOnlyList<IContender> contenders, int round, Func<IContender, T> measure)
    {
        var measured = new T[contenders.Count];
        foreach (var number in Rotation.Order(contenders.Count, round))
            measured[number] = measure(contenders[number]);
        return measured;
    }
}
