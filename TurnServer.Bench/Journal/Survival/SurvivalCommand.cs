using System.Globalization;
using System.Text;

namespace TurnServer.Bench.Journal.Survival;

/// <summary>How often files are damaged.</summary>
/// <param name="Trials">How often in each way.</param>
/// <param name="Kills">How often a process is killed.</param>
/// <param name="Seed">Of all chance.</param>
/// <param name="Directory">Where the files are made.</param>
internal sealed record SurvivalOptions(int Trials, int Kills, int Seed, string Directory);

/// <summary>Damages files in every way, and tells what each contender's reader makes of them.</summary>
internal static class SurvivalCommand
{
    // With these SQLite has moved its log into the database, at some 5700 records, and is at its next one; files of our
    // own are three, and FasterLog has written its third file of a commit.
    private const int RecordsSynced = 7000;
    private const int RecordsInAll = 7600;

    // And with these SQLite moves its log just then.
    private const int RecordsWritten = 5000;
    private const int RecordsWhileMoving = 6000;

    private const int NameWidth = 25;
    private static readonly string[] Columns =
        ["all there", "tail, said", "refused", "tail LOST", "middle LOST", "ALTERED", "crashed", "hung"];

    private static readonly TimeSpan KillAfterMax = TimeSpan.FromMilliseconds(60);

    /// <summary>Tries and prints; returns the exit code.</summary>
    public static async Task<int> RunAsync(SurvivalOptions options, TextWriter output)
    {
        await output.WriteLineAsync($"seed {options.Seed}; {options.Trials} trials of each kind of damage, "
            + $"{options.Kills} kills; all there: what was promised is read, in order; tail, said: the last ones are "
            + "missing and the reader says so; LOST, ALTERED: nothing is said");
        using var root = new ScratchDirectory(options.Directory);
        using var readers = new ReaderPool(root.Path);
        await output.WriteAsync(await TableAsync("killed with SIGKILL while it appends", options.Kills,
            (contender, random) => KillAsync(contender, random, root.Path), false, options, readers));
        foreach (var damage in Damage.All)
            await DamageAsync(damage, SyncMode.Batch, RecordsSynced, RecordsInAll);
        await DamageAsync(Damage.PowerWithoutSync, SyncMode.None, RecordsWritten, RecordsWhileMoving);
        return 0;

        async Task DamageAsync(Damage damage, SyncMode mode, int before, int after)
        {
            var states = Contenders.Survivors.ToDictionary(contenders => contenders[0], contenders =>
                WrittenState.Write(contenders[0], mode, before, after, new Random(options.Seed), root.Path));
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

    // What a process leaves that is killed in the middle of appending, and how much it said was on record.
    private static async Task<(FileImage, int)> KillAsync(IContender contender, Random random, string root)
    {
        using var directory = new ScratchDirectory(root);
        using var writer = JournalChild.Start(JournalChild.Writer, contender.Name, directory.Path, $"{random.Next()}");
        var promised = await writer.StandardOutput.ReadLineAsync();
        var killed = Task.Delay(KillAfterMax * random.NextDouble()).ContinueWith(_ => writer.Kill(),
            TaskScheduler.Default);
        while (await writer.StandardOutput.ReadLineAsync() is { } line)
            promised = line;
        await killed;
        await writer.WaitForExitAsync();
        return (FileImage.Take(directory.Path), int.Parse(promised!, CultureInfo.InvariantCulture));
    }
}
