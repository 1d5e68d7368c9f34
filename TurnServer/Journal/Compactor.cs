using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>
/// Replaces full segments by a snapshot. Owned by the compacting thread; before that thread starts and after it has
/// ended, by the one that starts and stops the server.
/// </summary>
internal sealed class Compactor(IStateDirectory directory, StateSettings settings)
{
    private long _snapshotNumber;
    private long _snapshotBytes;

    /// <summary>The number of the latest snapshot.</summary>
    public long SnapshotNumber => _snapshotNumber;

    /// <summary>The length of the latest snapshot, in bytes. Any thread.</summary>
    public long SnapshotBytes => Volatile.Read(ref _snapshotBytes);

    /// <summary>
    /// Merges the latest snapshot and the segments up to this one, which must be full, into a new snapshot, and deletes
    /// them. It replays the files rather than ask the live table.
    /// </summary>
    /// <exception cref="IOException">The disk is full; nothing has changed.</exception>
    /// <exception cref="StateDamagedException">The files cannot be read back.</exception>
    public void Compact(long lastFull)
    {
        var snapshot = Recovery.ReadSnapshot(directory, _snapshotNumber);
        var replay = new Replay(snapshot.Table, snapshot.Keys, snapshot.Settings);
        for (var number = _snapshotNumber; number <= lastFull; number++)
        {
            var name = StateFileNames.Segment(number);
            if (!new RecordedSegment(directory, name, number).Replay(replay))
                throw Recovery.Damage(directory, name, "its end is missing");
        }

        Write(lastFull + 1, isFinal: false, snapshot.Table);
    }

    /// <summary>Writes a snapshot of the table and deletes all files before it.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Write(long number, bool isFinal, Table table)
    {
        WriteSnapshot(number, stream => Snapshot.Write(stream, number, isFinal, settings, table));
        DeleteBefore(number);
    }

    /// <summary>Writes a checkpoint as a snapshot and deletes all files before it.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Write(Checkpoint checkpoint)
    {
        WriteSnapshot(checkpoint.Number, stream => checkpoint.Image.WriteTo(stream));
        DeleteBefore(checkpoint.Number);
    }

    /// <summary>The name of a file that recovery would miss; null when all are there.</summary>
    /// <param name="lastNumber">The number of the last segment.</param>
    public string? FindMissing(long lastNumber)
    {
        var names = directory.List().ToHashSet();
        if (StateFileNames.Snapshot(_snapshotNumber) is var snapshot && !names.Contains(snapshot))
            return snapshot;
        for (var number = _snapshotNumber; number <= lastNumber; number++)
        {
            if (StateFileNames.Segment(number) is var segment && !names.Contains(segment))
                return segment;
        }

        return null;
    }

    private void WriteSnapshot(long number, Action<Stream> write)
    {
        Volatile.Write(ref _snapshotBytes, directory.Write(StateFileNames.Snapshot(number), write));
        _snapshotNumber = number;
    }

    private void DeleteBefore(long number)
    {
        foreach (var name in directory.List())
        {
            var fileNumber = StateFileNames.SnapshotNumber(name) ?? StateFileNames.SegmentNumber(name);
            if (fileNumber < number || StateFileNames.IsNew(name))
                directory.Delete(name);
        }
    }
}
