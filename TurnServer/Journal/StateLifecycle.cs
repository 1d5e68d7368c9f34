using System.Diagnostics;
using Microsoft.Extensions.Logging;
using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>All that makes a server's state outlive it: from reading it back to the last snapshot.</summary>
internal sealed class StateLifecycle : IDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    private readonly JournalOptions _options;
    private readonly StateStore _store;
    private readonly ILogger _log;
    private readonly long _openedAt;
    private StateMeters? _meters;
    private StateWorkers? _workers;
    private Task _running = Task.CompletedTask;

    private StateLifecycle(JournalOptions options, StateStore store, ILogger log, long openedAt)
    {
        _options = options;
        _store = store;
        _log = log;
        _openedAt = openedAt;
    }

    /// <summary>The table, as it was.</summary>
    public Table Table => _store.Table;

    /// <summary>Takes hold of the directory and reads it, and changes nothing there.</summary>
    /// <param name="options">They must name a directory.</param>
    /// <param name="rules">Under what the table goes on.</param>
    /// <param name="hasSequentialKeys">Whether keys count up.</param>
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

    /// <summary>Begins to record; to be called when the server is sure to start.</summary>
    /// <exception cref="StateException">There is no room; the message is for the operator.</exception>
    public JournalWriter Begin(StateMeters meters)
    {
        _store.Begin();
        meters.Watch(_store);
        _meters = meters;
        foreach (var cut in _store.Warnings)
            Log.StateWasCut(_log, cut);
        var sync = $"{_options.Sync}".ToLowerInvariant();
        if (_store.RequestsReplayed is { } requests)
        {
            Log.StateRecovered(_log, _options.Directory!, sync, Stopwatch.GetElapsedTime(_openedAt).TotalSeconds,
                Table.PlayerCount, Table.GameCount, requests);
        }
        else
        {
            Log.StateIsNew(_log, _options.Directory!, sync);
        }

        return _store.Journal;
    }

    /// <summary>
    /// Keeps it until the server stops; fails when the disk does. To be called once, after <see cref="Begin"/>.
    /// </summary>
    /// <param name="onActor">Has the actor's thread look at the table; false when the actor does not answer.</param>
    public Task RunAsync(Func<Action<Table>, Task<bool>> onActor)
    {
        _workers = new StateWorkers(_store, _options, _meters!, new DirectoryWatch(_store, onActor, _log), _log);
        return _running = KeepAsync();
    }

    /// <summary>
    /// Brings the last records to the disk, and the whole table, so that nothing has to be replayed. To be called when
    /// the actor has ended.
    /// </summary>
    /// <returns>False when the disk has failed before that.</returns>
    /// <exception cref="StateException">The directory was lost, and the games cannot be written anew.</exception>
    public async Task<bool> FinishAsync()
    {
        _workers!.Stop();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_running.IsFaulted)
            return false;
        var isWhole = IsWhole();
        try
        {
            _store.Finish();
            if (!isWhole)
                Log.StateSaved(_log, _store.DirectoryPath);
        }
        catch (Exception e) when (isWhole && e is IOException or UnauthorizedAccessException)
        {
            // The journal has it all, and the next start replays it.
            Log.LastSnapshotFailed(_log, StateException.Reason(e));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StateException($"the games could not be written to {_store.DirectoryPath}, whose files were "
                + $"taken away while the server ran, and end: {StateException.Reason(e)}.", e);
        }

        return true;
    }

    // Whether a start could go by what is there.
    private bool IsWhole()
    {
        try
        {
            return _store.DetectLoss() == DirectoryLoss.None && _store.FindMissing() is null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _workers?.Stop();
        // Threads that are at work on the files still need them. The process ends either way.
        if (!_running.ContinueWith(_ => { }, TaskScheduler.Default).Wait(StopPatience))
            return;
        _store.Dispose();
        _workers?.Dispose();
    }

    private async Task KeepAsync()
    {
        try
        {
            await _workers!.RunAsync();
        }
        catch (Exception fault)
        {
            if (fault is IOException)
                Log.StateDiskFailed(_log, fault);
            else
                Log.LoopFailed(_log, fault);
            throw;
        }
    }
}
