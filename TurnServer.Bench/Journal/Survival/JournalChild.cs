using System.Diagnostics;
using System.Globalization;
using TurnServer.Bench.Processes;
using TurnServer.Journal;

namespace TurnServer.Bench.Journal.Survival;

/// <summary>The child processes of the trials: a writer that is killed, and a reader that may crash.</summary>
internal static class JournalChild
{
    public const string Writer = "journal-write";
    public const string Reader = "journal-read";

    private const int BatchMax = 64;
    private const int RecordsMax = 500_000;

    // In case the parent does not kill it.
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(10);

    /// <summary>Starts one of the two.</summary>
    public static ChildProcess Start(params string[] arguments)
    {
        var start = Programs.Bench(arguments);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        return ChildProcess.Start(start, readsOutput: false);
    }

    /// <summary>Appends until killed, printing the number of confirmed records after each batch.</summary>
    public static int Write(string name, string directory, int seed)
    {
        var random = new Random(seed);
        using var log = Contenders.Survivor(name).Open(directory, StateSync.None);
        using var output = Console.OpenStandardOutput();
        var buffer = new byte[RecordSeries.BytesMax];
        var line = new byte[16];
        var watch = Stopwatch.StartNew();
        for (var number = 0; number < RecordsMax && watch.Elapsed < Lifetime;)
        {
            for (var left = random.Next(1, BatchMax + 1); left > 0; left--)
                log.Append(RecordSeries.Write(number++, buffer));
            log.EndBatch();
            number.TryFormat(line, out var length, provider: CultureInfo.InvariantCulture);
            line[length] = (byte)'\n';
            output.Write(line, 0, length + 1);
        }

        return 0;
    }

    /// <summary>Reads the directories named on standard input, printing the outcome of each.</summary>
    public static int Read(string name)
    {
        var contender = Contenders.Survivor(name);
        while (Console.ReadLine()?.Split(' ', 3) is [var promised, var powerWasLost, var directory])
        {
            Console.WriteLine(Judge.Read(contender, directory, int.Parse(promised, CultureInfo.InvariantCulture),
                bool.Parse(powerWasLost)));
        }

        return 0;
    }
}
