using System.Diagnostics;
using Microsoft.Extensions.Logging;
using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>
/// Notices when state files are removed from a running server. Missing files are rewritten at once from the live
/// table. When the directory itself is gone or replaced, games continue in memory until the operator intervenes or the
/// server stops. Owned by the compacting thread.
/// </summary>
/// <param name="store">The store whose files to watch.</param>
/// <param name="onActor">Runs an action on the actor's thread; false when the actor does not respond.</param>
/// <param name="log">For the operator.</param>
internal sealed class DirectoryWatch(StateStore store, Func<Action<Table>, Task<bool>> onActor, ILogger log)
{
    /// <summary>The time between two checks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // Writing 8 MiB to a slow disk takes less.
    private static readonly TimeSpan PrepareTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PreparePollInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Whether games would not survive a crash.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Checks the directory and its files, and repairs what it can.</summary>
    public void Check()
    {
        try
        {
            switch (store.Directory.DetectLoss())
            {
                case DirectoryLoss.Gone:
                    ReportLost("is gone");
                    return;
                case DirectoryLoss.Replaced:
                    ReportLost("has been replaced by another");
                    return;
                case DirectoryLoss.Lock:
                    store.Directory.Reacquire();
                    Log.StateFileRestored(log, StateFileNames.Lock, store.Directory.Path);
                    break;
            }

            if (FindMissing(store) is { } missing)
                Restore(missing);
            else
                ReportAvailable();
        }
        catch (StateException e)
        {
            ReportLost("cannot be acquired again", $": {e.Message.TrimEnd('.')}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ReportLost("cannot be used", $": {StateException.Reason(e)}");
        }
    }

    /// <summary>The name of a file that recovery would miss; null when all are there.</summary>
    public static string? FindMissing(StateStore store) => store.Compactor.FindMissing(store.Preparer.LastNumber);

    private void Restore(string missing)
    {
        AttachDirectory();
        // The prepared segment may be one of the missing files.
        store.Preparer.Discard();
        var startedAt = Stopwatch.GetTimestamp();
        while (!store.Preparer.HasPrepared && Stopwatch.GetElapsedTime(startedAt) < PrepareTimeout)
            Thread.Sleep(PreparePollInterval);
        Checkpoint? checkpoint = null;
        var hasAnswered = onActor(table => checkpoint = store.Journal.TakeCheckpoint(table)).GetAwaiter().GetResult();
        if (!hasAnswered || checkpoint is null)
        {
            ReportLost($"lacks {missing}, which could not be rewritten yet");
            return;
        }

        store.Compactor.Write(checkpoint);
        Log.StateFileRestored(log, missing, store.Directory.Path);
        ReportAvailable();
    }

    // /healthz shows the short form to clients, without the details.
    private void ReportLost(string what, string details = "")
    {
        if (!IsLost)
            Log.StateDirectoryLost(log, store.Directory.Path, what + details);
        IsLost = true;
        store.Journal.Fault = $"the state directory {what}";
        store.Preparer.IsInMemory = true;
    }

    private void ReportAvailable()
    {
        if (!IsLost)
            return;
        IsLost = false;
        AttachDirectory();
        Log.StateDirectoryAvailable(log, store.Directory.Path);
    }

    private void AttachDirectory()
    {
        store.Preparer.IsInMemory = false;
        store.Journal.Fault = null;
    }
}
