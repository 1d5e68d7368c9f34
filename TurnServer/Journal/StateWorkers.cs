using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace TurnServer.Journal;

/// <summary>
/// Does on threads of its own what the actor must not wait for: syncs, makes segments before they are needed, and makes
/// snapshots of full ones.
/// </summary>
internal sealed class StateWorkers : IDisposable
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(250);

    // A snapshot takes the replay of a segment, some 50 ms.
    private static readonly TimeSpan SnapshotRetryPause = TimeSpan.FromSeconds(2);

    // In place of a segment's number: the next snapshot need not wait until it is worthwhile.
    private const long NowPlease = 0;

    // The same: nothing is full, it is time to look at the files.
    private const long Nothing = -1;

    private readonly StateStore _store;
    private readonly JournalOptions _options;
    private readonly StateMeters _meters;
    private readonly ILogger _log;
    private readonly DirectoryWatch _watch;
    private readonly CancellationTokenSource _stop = new();
    private readonly AutoResetEvent _dirtied = new(false);

    // Bounded by the segments on the disk, and one that asks for a snapshot.
    private readonly Channel<long> _full = Channel.CreateUnbounded<long>();
    private volatile bool _isSnapshotWanted;
    private Task<bool>? _waitingForFull;

    /// <summary>Keeps a store whose journal has been begun.</summary>
    public StateWorkers(StateStore store, JournalOptions options, StateMeters meters, DirectoryWatch watch, ILogger log)
    {
        _watch = watch;
        _store = store;
        _options = options;
        _meters = meters;
        _log = log;
        store.Journal.Dirtied = () => _dirtied.Set();
    }

    /// <summary>Until <see cref="Stop"/>; fails when the disk did and the process must end.</summary>
    public async Task RunAsync()
    {
        // One may end before the others, which can fail all the same.
        List<Task> loops = [OnThread(SyncUntilStopped), OnThread(PrepareUntilStopped), OnThread(CompactUntilStopped)];
        while (loops.Count > 0)
        {
            var ended = await Task.WhenAny(loops);
            await ended;
            loops.Remove(ended);
        }
    }

    /// <summary>Lets <see cref="RunAsync"/> end, once what has been recorded is synced.</summary>
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
            // First of all what was recorded before anybody listened: no signal comes for that any more.
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
        var synced = _store.SyncedPosition;
        foreach (var number in _store.Sync())
            _full.Writer.TryWrite(number);
        if (_store.SyncedPosition > synced)
            _meters.Synced(Stopwatch.GetElapsedTime(startedAt));
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
                _store.Prepare();
                if (hasFailed)
                    Log.StateHasRoom(_log);
                else if (_store.Journal.IsStalled)
                    Log.StateDiskIsSlow(_log, Stopwatch.GetElapsedTime(startedAt).TotalSeconds);
                hasFailed = wasStalled = false;
            }
            catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException
                or DriveNotFoundException)
            {
                // The directory is gone, which is the watch's to notice and to say.
                _stop.Token.WaitHandle.WaitOne(RetryPause);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Said once when it may still go well, and once when players are refused.
                var isStalled = _store.Journal.IsStalled;
                if (isStalled && !wasStalled)
                    Log.StateHasNoRoom(_log, StateException.Reason(e));
                else if (!hasFailed)
                    Log.StateRunsShort(_log, StateException.Reason(e));
                hasFailed = true;
                wasStalled = isStalled;
                // A snapshot may make the room.
                if (isStalled && !_isSnapshotWanted)
                {
                    _isSnapshotWanted = true;
                    _full.Writer.TryWrite(NowPlease);
                }

                _stop.Token.WaitHandle.WaitOne(RetryPause);
            }
        }
    }

    private bool TryWaitToPrepare()
    {
        try
        {
            return _store.WaitToPrepareAsync(_stop.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // A snapshot is made when the segments that it does away with are together as long as the one before: so a large
    // table is not written down again and again.
    private void CompactUntilStopped()
    {
        var fullBytes = 0L;
        var lastFull = 0L;
        var canReadBack = true;
        while (TryWaitForFull(out var number) && !_stop.IsCancellationRequested)
        {
            _watch.Look();
            if (number == Nothing || !canReadBack)
                continue;
            if (number == NowPlease)
                _isSnapshotWanted = false;
            else
                (lastFull, fullBytes) = (number, fullBytes + _options.SegmentBytes);
            if (fullBytes == 0 || (number != NowPlease && fullBytes < _store.SnapshotBytes))
                continue;
            try
            {
                // Tried until it goes well: it is what makes room, and may take less than the next segment.
                var isFirst = true;
                while (!TryCompact(lastFull, isFirst) && !_stop.Token.WaitHandle.WaitOne(SnapshotRetryPause))
                {
                    isFirst = false;
                    _watch.Look();
                }

                fullBytes = 0;
            }
            catch (StateDamagedException e)
            {
                // What plays is right, and what is recorded since then: only the record cannot be made shorter.
                Log.StateCannotBeReadBack(_log, e);
                canReadBack = false;
            }
        }
    }

    private bool TryWaitForFull(out long number)
    {
        number = Nothing;
        var waiting = _waitingForFull ??= _full.Reader.WaitToReadAsync().AsTask();
        if (!waiting.Wait(DirectoryWatch.Interval))
            return true;
        _waitingForFull = null;
        return waiting.Result && _full.Reader.TryRead(out number);
    }

    private bool TryCompact(long number, bool isFirst)
    {
        // Where files were written anew nothing is left to do; where the directory is lost nothing can be done.
        if (_watch.IsLost || number < _store.SnapshotNumber)
            return true;
        try
        {
            var startedAt = Stopwatch.GetTimestamp();
            _store.Compact(number);
            _meters.Compacted();
            Log.SnapshotMade(_log, _store.SnapshotBytes, Stopwatch.GetElapsedTime(startedAt).TotalSeconds);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OutOfMemoryException)
        {
            // It is tried again: the journal has it all, and it takes a second table, for which memory may be short.
            if (isFirst)
                Log.SnapshotFailed(_log, StateException.Reason(e));
            return false;
        }
    }
}
