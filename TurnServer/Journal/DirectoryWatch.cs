using System.Diagnostics;
using Microsoft.Extensions.Logging;
using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>
/// Notices when the state's files are taken away under a running server. Files that are missing are written anew at
/// once, from the table that plays. Where the directory itself is gone, or another is in its place, that is the
/// operator's doing: it is left alone until the server stops, games go on in memory, and everybody is told.
/// </summary>
/// <param name="store">Whose files.</param>
/// <param name="onActor">Has the actor's thread look at the table; false when the actor does not answer.</param>
/// <param name="log">For the operator.</param>
internal sealed class DirectoryWatch(StateStore store, Func<Action<Table>, Task<bool>> onActor, ILogger log)
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // To write 8 MiB to a slow disk takes less.
    private static readonly TimeSpan PreparePatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PrepareLookInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Whether games would not survive a crash.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Looks, and does what can be done. To be called by the thread that makes snapshots.</summary>
    public void Look()
    {
        try
        {
            switch (store.DetectLoss())
            {
                case DirectoryLoss.Gone:
                    Lose("is gone");
                    return;
                case DirectoryLoss.Replaced:
                    Lose("has been replaced by another");
                    return;
                case DirectoryLoss.Lock:
                    store.ReacquireDirectory();
                    Log.StateRestored(log, StateFileNames.Lock, store.DirectoryPath);
                    break;
            }

            if (store.FindMissing() is { } missing)
                Restore(missing);
            else
                Find();
        }
        catch (StateException e)
        {
            Lose("cannot be taken again", $": {e.Message.TrimEnd('.')}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Lose("cannot be used", $": {StateException.Reason(e)}");
        }
    }

    private void Restore(string missing)
    {
        store.Attach();
        // It may be one of those that are missing.
        store.DiscardPrepared();
        var startedAt = Stopwatch.GetTimestamp();
        while (!store.HasPrepared && Stopwatch.GetElapsedTime(startedAt) < PreparePatience)
            Thread.Sleep(PrepareLookInterval);
        Checkpoint? checkpoint = null;
        if (!onActor(table => checkpoint = store.TakeCheckpoint(table)).GetAwaiter().GetResult() || checkpoint is null)
        {
            Lose($"lacks {missing}, which could not be written anew yet");
            return;
        }

        store.Write(checkpoint);
        Log.StateRestored(log, missing, store.DirectoryPath);
        Find();
    }

    // Players are told no more than what.
    private void Lose(string what, string why = "")
    {
        if (!IsLost)
            Log.StateLost(log, store.DirectoryPath, what + why);
        IsLost = true;
        store.Detach($"the state directory {what}");
    }

    private void Find()
    {
        if (!IsLost)
            return;
        IsLost = false;
        store.Attach();
        Log.StateFound(log, store.DirectoryPath);
    }
}
