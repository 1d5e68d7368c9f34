namespace TurnServer.Cluster.Replication;

/// <summary>
/// Appends the batches of a shard's owner to the log, one after the other, and finds out what became of an append whose
/// acknowledgement did not come.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="recorder">Collects the batches.</param>
/// <param name="head">The head that this server has just written by taking over.</param>
/// <param name="clock">Measures pauses and latency.</param>
/// <param name="retryPause">The pause before the store is asked again that has not answered.</param>
internal sealed class ShardAppender(IShardLog log, ShardRecorder recorder, ShardHead head, TimeProvider clock,
    TimeSpan retryPause)
{
    // Longer than an election takes in the store: until then players wait, after that their requests are refused.
    private static readonly TimeSpan UnavailableAfter = TimeSpan.FromSeconds(3);

    // From the beginning of one append to that of the next. An append costs the store a part of a millisecond of CPU at
    // least, whatever its size; so that several turns share one, the second within this time waits. A turn alone does
    // not.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);

    private ShardHead _head = head;
    private long? _beganAt;

    /// <summary>What has been appended. Any thread may read it.</summary>
    public AppendCounters Counters { get; } = new();

    /// <summary>
    /// Called when the store has stopped answering for longer than an election takes, with the reason.
    /// </summary>
    public Action<LogUnavailableException>? Unavailable { get; set; }

    /// <summary>Called when the store answers again after <see cref="Unavailable"/>.</summary>
    public Action? Available { get; set; }

    /// <summary>
    /// Appends until the recorder is complete; then hands the shard over and returns true. Returns false as soon as
    /// another server owns the shard; nothing of what was not yet in the log will ever be in it then.
    /// </summary>
    public async Task<bool> RunAsync(CancellationToken stop)
    {
        while (true)
        {
            await recorder.WaitAsync(stop);
            while (await TakeAsync(stop) is { } batch)
            {
                if (!await TryAppendAsync(batch, stop))
                    return false;
            }

            if (recorder.IsComplete)
                return await TryStoreAsync(_head.HandedOver(), BatchContent.HandOver, stop);
        }
    }

    /// <summary>Appends a batch and releases its replies. False: another server owns the shard.</summary>
    public async Task<bool> TryAppendAsync(RecordBatch batch, CancellationToken stop)
    {
        if (!await TryStoreAsync(_head.Next(), batch.Content, stop))
            return false;
        recorder.Stored(batch);
        return true;
    }

    // The next batch, not sooner than the interval allows; null: there is none.
    private async Task<RecordBatch?> TakeAsync(CancellationToken stop)
    {
        var rest = _beganAt is { } at ? Interval - clock.GetElapsedTime(at) : TimeSpan.Zero;
        if (rest > TimeSpan.Zero)
            await Task.Delay(rest, clock, stop);
        if (recorder.Take() is not { } batch)
            return null;
        _beganAt = clock.GetTimestamp();
        return batch;
    }

    // Until it is certain that the batch is in the log, or that another server owns the shard.
    private async Task<bool> TryStoreAsync(ShardHead next, ReadOnlyMemory<byte> content, CancellationToken stop)
    {
        var startedAt = clock.GetTimestamp();
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                if (!await log.TryAppendAsync(_head, next, content, stop) && !await IsStoredAsync(next, stop))
                    return false;
                NoteStored(next, content, clock.GetElapsedTime(startedAt));
                return true;
            }
            catch (LogUnavailableException e)
            {
                stop.ThrowIfCancellationRequested();
                NoteFailure(clock.GetElapsedTime(startedAt), e);
                if (!isFirst && retryPause > TimeSpan.Zero)
                    await Task.Delay(retryPause, clock, stop);
            }
        }
    }

    // The head was not as expected: by an earlier attempt of ours that was carried out after all, or by another server.
    // Only an owner writes its own epoch, so one position further in it is our batch.
    private async Task<bool> IsStoredAsync(ShardHead next, CancellationToken stop) =>
        await log.ReadHeadAsync(stop) == next;

    private void NoteStored(ShardHead next, ReadOnlyMemory<byte> content, TimeSpan took)
    {
        _head = next;
        Counters.CountStored(content.Length, took);
        if (!recorder.IsUnavailable)
            return;
        recorder.IsUnavailable = false;
        Available?.Invoke();
    }

    private void NoteFailure(TimeSpan since, LogUnavailableException reason)
    {
        Counters.CountFailure();
        if (recorder.IsUnavailable || (since < UnavailableAfter && !reason.IsFull))
            return;
        recorder.IsUnavailable = true;
        Unavailable?.Invoke(reason);
    }
}

/// <summary>What an appender has done. Written by one thread, read by any.</summary>
internal sealed class AppendCounters
{
    private long _batches;
    private long _bytes;
    private long _ticks;
    private long _failures;

    /// <summary>Batches appended.</summary>
    public long Batches => Volatile.Read(ref _batches);

    /// <summary>Their bytes.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>The time they took, from the first attempt to the acknowledgement.</summary>
    public TimeSpan Time => TimeSpan.FromTicks(Volatile.Read(ref _ticks));

    /// <summary>Attempts that were not acknowledged.</summary>
    public long Failures => Volatile.Read(ref _failures);

    public void CountStored(int bytes, TimeSpan took)
    {
        Interlocked.Increment(ref _batches);
        Interlocked.Add(ref _bytes, bytes);
        Interlocked.Add(ref _ticks, took.Ticks);
    }

    public void CountFailure() => Interlocked.Increment(ref _failures);

    /// <summary>All of them.</summary>
    public AppendTotals Read() => new(Batches, Bytes, Time, Failures);
}

/// <summary>What has been appended, as <see cref="AppendCounters"/> counts it.</summary>
internal readonly record struct AppendTotals(long Batches, long Bytes, TimeSpan Time, long Failures)
{
    public static AppendTotals operator +(AppendTotals a, AppendTotals b) =>
        new(a.Batches + b.Batches, a.Bytes + b.Bytes, a.Time + b.Time, a.Failures + b.Failures);
}
