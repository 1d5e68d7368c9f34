using FASTER.core;

namespace TurnServer.Bench.Journal;

/// <summary>A commit for each batch: a record is in this process alone until a commit writes it.</summary>
/// <param name="log">The log.</param>
/// <param name="device">What it writes to.</param>
/// <param name="buffered">The same, if it leaves the sync to <see cref="Sync"/>.</param>
/// <param name="commits">The files of its commits.</param>
internal sealed class FasterRecordLog(FasterLog log, IDevice device, BufferedDevice? buffered, CommitFiles commits)
    : IRecordLog
{
    private long _batchEnd;

    public void Append(ReadOnlySpan<byte> record) => log.Enqueue(record);

    public void EndBatch()
    {
        if (buffered is null)
        {
            // Waits for a signal; the library's own wait, which tries again and again, takes twice the CPU time.
            log.CommitAsync().AsTask().GetAwaiter().GetResult();
            return;
        }

        log.Commit();
        Volatile.Write(ref _batchEnd, log.TailAddress);
        // Written by this thread as a rule. That the pool has heard of it adds nothing to that.
        while (log.FlushedUntilAddress < log.TailAddress)
            Thread.Yield();
    }

    // Without the buffered device every commit was a sync.
    public void Sync()
    {
        if (buffered is null)
            return;
        // The pool tells of a commit a little after it is written.
        while (commits.UntilAddress < Volatile.Read(ref _batchEnd))
            Thread.Yield();
        commits.Write(buffered.Flush);
    }

    public void Dispose()
    {
        log.Dispose();
        commits.Dispose();
        device.Dispose();
    }
}
