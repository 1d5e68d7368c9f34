using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace TurnServer.Bench.Journal;

/// <summary>What was measured of one contender in one run of appends.</summary>
/// <param name="Wall">Microseconds per batch until its replies may leave.</param>
/// <param name="Cpu">Microseconds per batch of CPU time, of all of this process's threads and the kernel.</param>
/// <param name="Allocated">Bytes per record on the managed heap.</param>
internal readonly record struct AppendFigures(double Wall, double Cpu, double Allocated);

/// <summary>Measures one contender at a time, each in a directory of its own, which is deleted again.</summary>
internal static class JournalFigures
{
    /// <summary>Bytes of each record.</summary>
    public const int RecordBytes = 40;

    // Of what is written: more would measure how the disk takes up what is written behind our back.
    private const int RunBytesMax = 48 * 1024 * 1024;

    private const int WarmUpBatches = 100;
    private const int ReadBatch = 1024;

    /// <summary>Appends batches of so many records for so long.</summary>
    public static AppendFigures Append(IContender contender, SyncMode mode, int batch, TimeSpan length, string root)
    {
        using var directory = new ScratchDirectory(root);
        using var log = contender.Open(directory.Path, mode);
        using var background = mode == SyncMode.Batch ? new BackgroundSync(log) : null;
        Run(log, background, WarmUpBatches, batch, TimeSpan.MaxValue);
        var cpu = Environment.CpuUsage.TotalTime;
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var watch = Stopwatch.StartNew();
        var batches = Run(log, background, RunBytesMax / (RecordBytes * batch), batch, length);
        var wall = watch.Elapsed;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        cpu = Environment.CpuUsage.TotalTime - cpu;
        return new AppendFigures(wall.TotalMicroseconds / batches, cpu.TotalMicroseconds / batches,
            (double)allocated / batches / batch);
    }

    /// <summary>Writes records to be read. Returns bytes on disk for each, without zeros at a file's end.</summary>
    public static double Write(IContender contender, int records, string directory)
    {
        using (var log = contender.Open(directory, SyncMode.None))
            Run(log, null, Whole(records) / ReadBatch, ReadBatch, TimeSpan.MaxValue);
        return (double)FileImage.Take(directory).UsedBytes / Whole(records);
    }

    /// <summary>Milliseconds to open the files and to have every record.</summary>
    /// <exception cref="InvalidOperationException">Some are missing.</exception>
    public static double Read(IContender contender, int records, string directory)
    {
        GC.Collect();
        var watch = Stopwatch.StartNew();
        var count = contender.ReadAll(directory, powerWasLost: false).Records.Count;
        var elapsed = watch.Elapsed;
        return count == Whole(records)
            ? elapsed.TotalMilliseconds
            : throw new InvalidOperationException($"{contender.Name}: {count} of {records} records were read");
    }

    private static int Whole(int records) => Math.Max(ReadBatch, records / ReadBatch * ReadBatch);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Run(IRecordLog log, BackgroundSync? background, int batches, int batch, TimeSpan length)
    {
        Span<byte> record = stackalloc byte[RecordBytes];
        record.Fill(0x5A);
        var watch = Stopwatch.StartNew();
        for (var done = 1; ; done++)
        {
            for (var i = 0; i < batch; i++)
            {
                record[i % RecordBytes]++;
                log.Append(record);
            }

            log.EndBatch();
            background?.Touch();
            // The clock is looked at when as much has been done as makes no difference.
            if (done >= batches || (done % 16 == 0 && watch.Elapsed > length))
                return done;
        }
    }
}
