namespace TurnServer.Journal;

/// <summary>
/// Syncs the journal to the disk and releases the replies that wait for that. Owned by the syncing thread.
/// </summary>
internal sealed class SegmentSyncer(JournalWriter journal, StateSync sync)
{
    private long _syncedPosition;

    /// <summary>How much of the journal has been synced since the start, in bytes.</summary>
    public long SyncedPosition => _syncedPosition;

    /// <summary>
    /// Syncs what has been recorded and releases replies. Returns the numbers of segments that are full and synced.
    /// </summary>
    /// <exception cref="IOException">
    /// The disk failed. What it holds is unknown, so the process must end rather than continue from memory.
    /// </exception>
    public List<long> Sync()
    {
        journal.ClearSignal();
        var current = journal.Current;
        var done = new List<long>();
        while (journal.Sealed.TryPeek(out var full) && full.Number < current.Number)
        {
            journal.Sealed.TryRead(out _);
            if (sync != StateSync.None)
                full.Sync();
            full.Dispose();
            done.Add(full.Number);
        }

        if (sync != StateSync.None && current.Start + current.Written > _syncedPosition)
            _syncedPosition = current.Start + current.Sync();
        while (journal.Deferred.TryPeek(out var deferred) && deferred.Position <= _syncedPosition)
        {
            journal.Deferred.TryRead(out _);
            deferred.Reply.Release();
        }

        return done;
    }
}
