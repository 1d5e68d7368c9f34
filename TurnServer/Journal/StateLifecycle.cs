using System.Diagnostics;
using Microsoft.Extensions.Logging;
using TurnServer.Journal.Disk;
using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>A server's durable state from recovery to the final snapshot.</summary>
internal sealed class StateLifecycle : IDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    private readonly JournalOptions _options;
    private readonly StateStore _store;
    private readonly ILogger _log;
    private readonly long _openedAt;
    private JournalCounters? _counters;
    private StateWorkers? _workers;
    private Task _running = Task.CompletedTask;

    private StateLifecycle(JournalOptions options, StateStore store, ILogger log, long openedAt)
    {
        _options = options;
        _store = store;
        _log = log;
        _openedAt = openedAt;
    }

    /// <summary>The recovered table, or a new one.</summary>
    public Table Table => _store.Table;

    /// <summary>Acquires the directory and recovers the state, without changing it.</summary>
    /// <param name="options">They must name a directory.</param>
    /// <param name="rules">The rules that the table continues under.</param>
    /// <param name="hasSequentialKeys">Whether keys count up.</param>
    /// <param name="keys">See <see cref="StateStore.Open"/>.</param>
    /// <param name="log">For what was found.</param>
    /// <exception cref="StateException">The state cannot be used; the message is for the operator.</exception>
    public static StateLifecycle Open(JournalOptions options, RulesOptions rules, bool hasSequentialKeys,
        Func<ulong?, IKeySource> keys, ILogger log)
    {
        var openedAt = Stopwatch.GetTimestamp();
        var directory = StateDirectory.Acquire(options.Directory!, isSynced: options.Sync != StateSync.None);
        try
        {
            var store = StateStore.Open(directory, options, new StateSettings(rules, hasSequentialKeys), keys);
            return new StateLifecycle(options, store, log, openedAt);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Begins recording. To be called once the server is sure to start.</summary>
    /// <exception cref="StateException">The disk is full; the message is for the operator.</exception>
    public JournalWriter Begin(JournalCounters counters)
    {
        _store.Begin();
        counters.Watch(_store);
        _counters = counters;
        foreach (var discarded in _store.Warnings)
            Log.JournalTailDiscarded(_log, discarded);
        var sync = $"{_options.Sync}".ToLowerInvariant();
        if (_store.RequestsReplayed is { } requests)
        {
            Log.StateRecovered(_log, _options.Directory!, sync, Stopwatch.GetElapsedTime(_openedAt).TotalSeconds,
                Table.PlayerCount, Table.GameCount, requests);
        }
        else
        {
            Log.StateCreated(_log, _options.Directory!, sync);
        }

        return _store.Journal;
    }

    /// <summary>
    /// Syncs and compacts until the server stops; fails when the disk does. To be called once, after
    /// <see cref="Begin"/>.
    /// </summary>
    /// <param name="onActor">Runs an action on the actor's thread; false when the actor does not respond.</param>
    public Task RunAsync(Func<Action<Table>, Task<bool>> onActor)
    {
        _workers = new StateWorkers(_store, _options, _counters!, new DirectoryWatch(_store, onActor, _log), _log);
        return _running = RunWorkersAsync();
    }

    /// <summary>
    /// Syncs the last records and writes the final snapshot, so that the next start has nothing to replay. To be called
    /// after the actor has ended.
    /// </summary>
    /// <returns>False when the disk failed before.</returns>
    /// <exception cref="StateException">The directory was lost and the games cannot be written.</exception>
    public async Task<bool> FinishAsync()
    {
        _workers!.Stop();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_running.IsFaulted)
            return false;
        var isComplete = IsComplete();
        try
        {
            _store.Finish();
            if (!isComplete)
                Log.GamesWrittenToLostDirectory(_log, _store.Directory.Path);
        }
        catch (Exception e) when (isComplete && e is IOException or UnauthorizedAccessException)
        {
            // The journal is complete, and the next start replays it.
            Log.FinalSnapshotFailed(_log, StateException.Reason(e));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StateException($"cannot write the games to {_store.Directory.Path}, whose files were removed "
                + $"while the server ran; they are lost: {StateException.Reason(e)}.", e);
        }

        return true;
    }

    public void Dispose()
    {
        _workers?.Stop();
        // Threads that still use the files need them open. The process ends either way.
        if (!_running.ContinueWith(_ => { }, TaskScheduler.Default).Wait(StopTimeout))
            return;
        _store.Dispose();
        _workers?.Dispose();
    }

    // Whether recovery could start from what is in the directory.
    private bool IsComplete()
    {
        try
        {
            return _store.Directory.DetectLoss() == DirectoryLoss.None && DirectoryWatch.FindMissing(_store) is null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private async Task RunWorkersAsync()
    {
        try
        {
            await _workers!.RunAsync();
        }
        catch (Exception fault)
        {
            if (fault is IOException)
                Log.DiskSyncFailed(_log, fault);
            else
                Log.LoopFailed(_log, fault);
            throw;
        }
    }
}
