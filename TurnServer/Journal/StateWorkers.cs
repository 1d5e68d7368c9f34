using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace TurnServer.Journal;

/// <summary>
/// Runs what the actor must not wait for, each on its own thread: syncing, preparing segments, and compacting.
/// </summary>
internal sealed class StateWorkers : IDisposable
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(250);

    // Each attempt replays a segment, about 50 ms.
    private static readonly TimeSpan CompactRetryPause = TimeSpan.FromSeconds(2);

    // Sent in place of a full segment's number: compact now, without waiting until it is worthwhile.
    private const long CompactNow = 0;

    // Also sent in place of a number: no segment is full; check the directory.
    private const long CheckDirectory = -1;

    private readonly StateStore _store;
    private readonly JournalOptions _options;
    private readonly JournalCounters _counters;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();

    // From the actor's thread to the syncing thread.
    private readonly AutoResetEvent _dirtied = new(false);

    // From the syncing and preparing threads to the compacting thread. The disk bounds the full segments, and at most
    // one CompactNow waits.
    private readonly Channel<long> _full = Channel.CreateUnbounded<long>();

    // Set by the preparing thread, cleared by the compacting thread.
    private volatile bool _isCompactionRequested;

    // Used by the compacting thread only.
    private readonly DirectoryWatch _watch;
    private Task<bool>? _waitingForFull;

    /// <summary>Serves a store whose journal has begun.</summary>
    public StateWorkers(StateStore store, JournalOptions options, JournalCounters counters, DirectoryWatch watch,
        ILogger log)
    {
        _watch = watch;
        _store = store;
        _options = options;
        _counters = counters;
        _log = log;
        store.Journal.Dirtied = () => _dirtied.Set();
    }

    /// <summary>Runs until <see cref="Stop"/>; fails when the disk failed and the process must end.</summary>
    public async Task RunAsync()
    {
        // A thread that ends first must not hide that another fails later.
        List<Task> loops = [OnThread(SyncUntilStopped), OnThread(PrepareUntilStopped), OnThread(CompactUntilStopped)];
        while (loops.Count > 0)
        {
            var ended = await Task.WhenAny(loops);
            await ended;
            loops.Remove(ended);
        }
    }

    /// <summary>Lets <see cref="RunAsync"/> end after syncing what has been recorded.</summary>
    public void Stop()
    {
        _stop.Cancel();
        _full.Writer.TryComplete();
    }

    public void Dispose()
    {
        _stop.Dispose();
        _dirtied.Dispose();
    }

    private static Task OnThread(Action loop) => Task.Factory.StartNew(loop, CancellationToken.None,
        TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void SyncUntilStopped()
    {
        WaitHandle[] signals = [_dirtied, _stop.Token.WaitHandle];
        while (!_stop.IsCancellationRequested)
        {
            // Sync before the first wait: records written before this thread started sent no signal to it.
            var startedAt = Stopwatch.GetTimestamp();
            SyncOnce();
            var left = _options.SyncInterval - Stopwatch.GetElapsedTime(startedAt);
            if (_options.Sync == StateSync.Batch && left > TimeSpan.Zero)
                _stop.Token.WaitHandle.WaitOne(left);
            WaitHandle.WaitAny(signals);
        }

        SyncOnce();
    }

    private void SyncOnce()
    {
        var startedAt = Stopwatch.GetTimestamp();
        var synced = _store.Syncer.SyncedPosition;
        foreach (var number in _store.Syncer.Sync())
            _full.Writer.TryWrite(number);
        if (_store.Syncer.SyncedPosition > synced)
            _counters.CountSync(Stopwatch.GetElapsedTime(startedAt));
    }

    private void PrepareUntilStopped()
    {
        var hasFailed = false;
        var wasStalled = false;
        while (TryWaitToPrepare())
        {
            var startedAt = Stopwatch.GetTimestamp();
            try
            {
                _store.Preparer.Prepare();
                if (hasFailed)
                    Log.JournalSpaceAvailable(_log);
                else if (_store.Journal.IsStalled)
                    Log.StateDiskIsSlow(_log, Stopwatch.GetElapsedTime(startedAt).TotalSeconds);
                hasFailed = wasStalled = false;
            }
            catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException
                or DriveNotFoundException)
            {
                // The directory is gone; DirectoryWatch notices and reports that.
                _stop.Token.WaitHandle.WaitOne(RetryPause);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Logged once as a warning ahead of time, and once when requests are refused.
                var isStalled = _store.Journal.IsStalled;
                if (isStalled && !wasStalled)
                    Log.JournalStalled(_log, StateException.Reason(e));
                else if (!hasFailed)
                    Log.JournalSpaceLow(_log, StateException.Reason(e));
                hasFailed = true;
                wasStalled = isStalled;
                // Compacting may free space.
                if (isStalled && !_isCompactionRequested)
                {
                    _isCompactionRequested = true;
                    _full.Writer.TryWrite(CompactNow);
                }

                _stop.Token.WaitHandle.WaitOne(RetryPause);
            }
        }
    }

    private bool TryWaitToPrepare()
    {
        try
        {
            return _store.Preparer.WaitAsync(_stop.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // Compacts once the full segments are as long as the latest snapshot, so that a large table is not rewritten for
    // every segment.
    private void CompactUntilStopped()
    {
        var fullBytes = 0L;
        var lastFull = 0L;
        var canReadBack = true;
        while (TryWaitForFull(out var number) && !_stop.IsCancellationRequested)
        {
            _watch.Check();
            if (number == CheckDirectory || !canReadBack)
                continue;
            if (number == CompactNow)
                _isCompactionRequested = false;
            else
                (lastFull, fullBytes) = (number, fullBytes + _options.SegmentBytes);
            if (fullBytes == 0 || (number != CompactNow && fullBytes < _store.Compactor.SnapshotBytes))
                continue;
            try
            {
                // Retried until it succeeds: it frees space, and may need less than the next segment.
                var isFirst = true;
                while (!TryCompact(lastFull, isFirst) && !_stop.Token.WaitHandle.WaitOne(CompactRetryPause))
                {
                    isFirst = false;
                    _watch.Check();
                }

                fullBytes = 0;
            }
            catch (StateDamagedException e)
            {
                // Live state is intact and recording continues; only compaction is disabled.
                Log.CompactionDisabled(_log, e);
                canReadBack = false;
            }
        }
    }

    private bool TryWaitForFull(out long number)
    {
        number = CheckDirectory;
        var waiting = _waitingForFull ??= _full.Reader.WaitToReadAsync().AsTask();
        if (!waiting.Wait(DirectoryWatch.Interval))
            return true;
        _waitingForFull = null;
        return waiting.Result && _full.Reader.TryRead(out number);
    }

    private bool TryCompact(long number, bool isFirst)
    {
        // A newer snapshot replaced these segments, or there is no directory to compact.
        if (_watch.IsLost || number < _store.Compactor.SnapshotNumber)
            return true;
        try
        {
            var startedAt = Stopwatch.GetTimestamp();
            _store.Compactor.Compact(number);
            _counters.CountSnapshot();
            Log.SnapshotWritten(_log, _store.Compactor.SnapshotBytes,
                Stopwatch.GetElapsedTime(startedAt).TotalSeconds);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OutOfMemoryException)
        {
            // Retried: the journal is complete. Compaction builds a second table, so it may also run out of memory.
            if (isFirst)
                Log.SnapshotFailed(_log, StateException.Reason(e));
            return false;
        }
    }
}
