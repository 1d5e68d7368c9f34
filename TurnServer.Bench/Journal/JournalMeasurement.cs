using System.Diagnostics;
using System.Runtime.CompilerServices;
using TurnServer.Journal;

namespace TurnServer.Bench.Journal;

/// <summary>The measurements of one contender in one run of appends.</summary>
/// <param name="Wall">Microseconds per batch until its replies may leave.</param>
/// <param name="Cpu">Microseconds of CPU time per batch, user and kernel, of all threads.</param>
/// <param name="Allocated">Managed bytes allocated per record.</param>
internal readonly record struct AppendCosts(double Wall, double Cpu, double Allocated);

/// <summary>Measures one contender at a time.</summary>
internal static class JournalMeasurement
{
    /// <summary>The length of each record, in bytes.</summary>
    public const int RecordBytes = 40;

    // Longer runs would measure the writeback of the page cache.
    private const int RunBytesMax = 48 * 1024 * 1024;

    private const int WarmUpBatches = 100;
    private const int ReadBatch = 1024;

    /// <summary>Appends batches of this many records for this long.</summary>
    public static AppendCosts Append(IContender contender, StateSync sync, int batch, TimeSpan length, string root)
    {
        using var directory = new ScratchDirectory(root);
        using var log = contender.Open(directory.Path, sync);
        using var background = sync == StateSync.Batch ? new BackgroundSync(log) : null;
        Run(log, background, WarmUpBatches, batch, TimeSpan.MaxValue);
        var cpu = Environment.CpuUsage.TotalTime;
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var watch = Stopwatch.StartNew();
        var batches = Run(log, background, RunBytesMax / (RecordBytes * batch), batch, length);
        var wall = watch.Elapsed;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        cpu = Environment.CpuUsage.TotalTime - cpu;
        return new AppendCosts(wall.TotalMicroseconds / batches, cpu.TotalMicroseconds / batches,
            (double)allocated / batches / batch);
    }

    /// <summary>Writes records to be read. Returns the bytes on disk per record, without trailing zeros.</summary>
    public static double Write(IContender contender, int records, string directory)
    {
        using (var log = contender.Open(directory, StateSync.None))
            Run(log, null, WholeBatches(records) / ReadBatch, ReadBatch, TimeSpan.MaxValue);
        return (double)FileImage.Take(directory).UsedBytes / WholeBatches(records);
    }

    /// <summary>Reads all records. Returns how long opening and reading took, in milliseconds.</summary>
    /// <exception cref="InvalidOperationException">Some are missing.</exception>
    public static double Read(IContender contender, int records, string directory)
    {
        GC.Collect();
        var watch = Stopwatch.StartNew();
        var count = contender.ReadAll(directory, powerWasLost: false).Records.Count;
        var elapsed = watch.Elapsed;
        return count == WholeBatches(records)
            ? elapsed.TotalMilliseconds
            : throw new InvalidOperationException($"{contender.Name} read {count} of {records} records");
    }

    private static int WholeBatches(int records) => Math.Max(ReadBatch, records / ReadBatch * ReadBatch);

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
            background?.Signal();
            // Reading the clock only every 16 batches keeps its cost out of the measurement.
            if (done >= batches || (done % 16 == 0 && watch.Elapsed > length))
                return done;
        }
    }
}
