using System.Runtime.InteropServices;

namespace TurnServer.Bench.Journal;

/// <summary>How long the figures are measured.</summary>
/// <param name="RunLength">How long one contender appends in one mode with one size of batch.</param>
/// <param name="Rounds">How often each does.</param>
/// <param name="Records">How many are read back.</param>
/// <param name="Directory">Where the files are made: on the disk that is to be measured.</param>
internal sealed record JournalOptions(TimeSpan RunLength, int Rounds, int Records, string Directory);

/// <summary>Compares ways to keep the server's journal by what they cost.</summary>
internal static class JournalCommand
{
    private static readonly int[] Batches = [1, 8, 64];

    // For the compiler to be done with it before anything is measured.
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(200);

    /// <summary>Measures and prints; returns the exit code.</summary>
    public static int Run(JournalOptions options, TextWriter output)
    {
        output.WriteLine($"{Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}; records of "
            + $"{JournalFigures.RecordBytes} bytes; medians of {options.Rounds} rounds, "
            + $"{options.RunLength.TotalSeconds} s a run; below {options.Directory}");
        using var root = new ScratchDirectory(options.Directory);
        foreach (var mode in Enum.GetValues<SyncMode>())
        {
            foreach (var batch in Batches)
            {
                var rounds = Appends(mode, batch, options, root);
                output.Write(JournalReport.Appends(Contenders.Writers, mode, batch, rounds));
            }
        }

        output.Write(Reads(options, root));
        return 0;
    }

    private static List<AppendFigures[]> Appends(SyncMode mode, int batch, JournalOptions options,
        ScratchDirectory root)
    {
        if (batch == Batches[0])
            InTurn(Contenders.Writers, 0, writer => JournalFigures.Append(writer, mode, batch, WarmUp, root.Path));
        return Enumerable.Range(0, options.Rounds).Select(round => InTurn(Contenders.Writers, round,
            writer => JournalFigures.Append(writer, mode, batch, options.RunLength, root.Path))).ToList();
    }

    private static string Reads(JournalOptions options, ScratchDirectory root)
    {
        var readers = Contenders.Readers;
        var bytes = new List<double>();
        var rounds = new List<double[]>();
        var directories = new Dictionary<IContender, string>();
        foreach (var reader in readers)
        {
            directories.Add(reader, new ScratchDirectory(root.Path).Path);
            bytes.Add(JournalFigures.Write(reader, options.Records, directories[reader]));
        }

        for (var round = 0; round < options.Rounds; round++)
        {
            rounds.Add(InTurn(readers, round,
                reader => JournalFigures.Read(reader, options.Records, directories[reader])));
        }

        return JournalReport.Reads(readers, options.Records, bytes, rounds);
    }

    // The order goes round, as who goes later finds another machine.
    private static T[] InTurn<T>(IReadOnlyList<IContender> contenders, int round, Func<IContender, T> measure)
    {
        var measured = new T[contenders.Count];
        for (var i = 0; i < contenders.Count; i++)
        {
            var number = (round + i) % contenders.Count;
            measured[number] = measure(contenders[number]);
        }

        return measured;
    }
}
