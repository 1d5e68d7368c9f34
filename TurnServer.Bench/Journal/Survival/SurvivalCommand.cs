using System.Globalization;
using System.Text;
using TurnServer.Journal;

namespace TurnServer.Bench.Journal.Survival;

/// <summary>How much is tried.</summary>
/// <param name="Trials">Trials of each kind of damage.</param>
/// <param name="Kills">How often a process is killed.</param>
/// <param name="Seed">The seed of all random choices.</param>
/// <param name="Directory">Where to create the files.</param>
internal sealed record SurvivalOptions(int Trials, int Kills, int Seed, string Directory);

/// <summary>Damages files in several ways and counts what each contender's reader reports.</summary>
internal static class SurvivalCommand
{
    // Enough for SQLite to have checkpointed its WAL, at about 5700 records, and begun the next; ours fill three files
    // and FasterLog has written its third commit file.
    private const int RecordsSynced = 7000;
    private const int RecordsInAll = 7600;

    // Between these two SQLite checkpoints its WAL.
    private const int RecordsWritten = 5000;
    private const int RecordsPastCheckpoint = 6000;

    private const int NameWidth = 25;
    private static readonly string[] Columns =
        ["complete", "tail, warned", "refused", "tail LOST", "middle LOST", "ALTERED", "crashed", "hung"];

    private static readonly TimeSpan KillAfterMax = TimeSpan.FromMilliseconds(60);

    /// <summary>Runs all trials and prints their results; returns the exit code.</summary>
    public static async Task<int> RunAsync(SurvivalOptions options, TextWriter output)
    {
        await output.WriteLineAsync($"seed {options.Seed}; {options.Trials} trials of each kind of damage, "
            + $"{options.Kills} kills; complete: all promised records are read, in order; tail, warned: the last "
            + "ones are missing and the reader says so; LOST, ALTERED: it does not");
        using var root = new ScratchDirectory(options.Directory);
        using var readers = new ReaderPool(root.Path);
        await output.WriteAsync(await TableAsync("killed with SIGKILL while appending", options.Kills,
            (contender, random) => KillAsync(contender, random, root.Path), false, options, readers));
        foreach (var damage in Damage.All)
            await DamageAsync(damage, StateSync.Batch, RecordsSynced, RecordsInAll);
        await DamageAsync(Damage.PowerWithoutSync, StateSync.None, RecordsWritten, RecordsPastCheckpoint);
        return 0;

        async Task DamageAsync(Damage damage, StateSync sync, int before, int after)
        {
            var states = Contenders.Survivors.ToDictionary(contenders => contenders[0], contenders =>
                WrittenState.Write(contenders[0], sync, before, after, new Random(options.Seed), root.Path));
            await output.WriteAsync(await TableAsync(damage.Name, options.Trials,
                (contender, random) => Task.FromResult(damage.Inflict(states[contender], random)), damage.PowerWasLost,
                options, readers));
        }
    }

    private static async Task<string> TableAsync(string title, int trials,
        Func<IContender, Random, Task<(FileImage Files, int Promised)>> inflictAsync, bool powerWasLost,
        SurvivalOptions options, ReaderPool pool)
    {
        var text = new StringBuilder();
        text.AppendLine().AppendLine(title);
        text.AppendLine("".PadRight(NameWidth) + string.Concat(Columns.Select(column => column.PadLeft(12))));
        foreach (var contenders in Contenders.Survivors)
        {
            var random = new Random(options.Seed);
            var readers = contenders.Select(pool.Of).ToList();
            var counts = contenders.Select(_ => new int[Columns.Length]).ToList();
            for (var trial = 0; trial < trials; trial++)
            {
                var (files, promised) = await inflictAsync(contenders[0], random);
                for (var i = 0; i < readers.Count; i++)
                    counts[i][(int)await readers[i].ReadAsync(files, promised, powerWasLost)]++;
            }

            for (var i = 0; i < contenders.Count; i++)
                text.AppendLine(contenders[i].Name.PadRight(NameWidth) + string.Concat(counts[i].Select(Cell)));
        }

        return text.ToString();
    }

    private static string Cell(int count) =>
        (count == 0 ? "-" : count.ToString(CultureInfo.InvariantCulture)).PadLeft(12);

    // Kills a process while it appends. Returns the files that it leaves and how many records it had confirmed.
    private static async Task<(FileImage, int)> KillAsync(IContender contender, Random random, string root)
    {
        using var directory = new ScratchDirectory(root);
        using var writer = JournalChild.Start(JournalChild.Writer, contender.Name, directory.Path, $"{random.Next()}");
        var promised = await writer.OutputReader.ReadLineAsync();
        var killed = Task.Delay(KillAfterMax * random.NextDouble()).ContinueWith(_ => writer.Kill(),
            TaskScheduler.Default);
        while (await writer.OutputReader.ReadLineAsync() is { } line)
            promised = line;
        await killed;
        return (FileImage.Take(directory.Path), int.Parse(promised!, CultureInfo.InvariantCulture));
    }
}
