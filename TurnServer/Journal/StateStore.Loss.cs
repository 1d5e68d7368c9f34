using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>What is done when the state's files, or their directory, are taken away.</summary>
internal sealed partial class StateStore
{
    private volatile bool _isDetached;

    /// <summary>What the directory is called.</summary>
    public string DirectoryPath => _directory.Path;

    /// <summary>What has become of the directory.</summary>
    public DirectoryLoss DetectLoss() => _directory.DetectLoss();

    /// <summary>Takes hold of the directory again: <see cref="IStateDirectory.Reacquire"/>.</summary>
    public void ReacquireDirectory() => _directory.Reacquire();

    /// <summary>
    /// The name of a file that a start would miss; null: there is none. For the thread that makes snapshots.
    /// </summary>
    public string? FindMissing()
    {
        // Read first: a segment has its file before it is counted.
        var last = Volatile.Read(ref _lastNumber);
        var names = _directory.List().ToHashSet();
        if (StateFileNames.Snapshot(_snapshotNumber) is var snapshot && !names.Contains(snapshot))
            return snapshot;
        for (var number = _snapshotNumber; number <= last; number++)
        {
            if (StateFileNames.Segment(number) is var segment && !names.Contains(segment))
                return segment;
        }

        return null;
    }

    /// <summary>Goes on in memory alone, as the directory is lost.</summary>
    /// <param name="why">See <see cref="JournalWriter.Fault"/>.</param>
    public void Detach(string why)
    {
        Journal.Fault = why;
        _isDetached = true;
    }

    /// <summary>Makes segments in the directory again.</summary>
    public void Attach()
    {
        _isDetached = false;
        Journal.Fault = null;
    }

    /// <summary>Throws away the segment that has been prepared, so that another is.</summary>
    public void DiscardPrepared()
    {
        if (_prepared.Reader.TryRead(out var segment))
            segment.Dispose();
    }

    /// <summary>
    /// Goes on in the next segment, and writes down what the table is before the first record there. Null when no
    /// segment is prepared. For the actor's thread, of the table that plays.
    /// </summary>
    public Checkpoint? TakeCheckpoint(Table table)
    {
        if (!Journal.TryStartNextSegment(table))
            return null;
        var number = Journal.Current.Number;
        var image = new MemoryStream();
        Snapshot.Write(image, number, isFinal: false, _settings, table);
        return new Checkpoint(number, image);
    }

    /// <summary>Makes a snapshot of it, and deletes what came before. For the thread that makes snapshots.</summary>
    /// <exception cref="IOException">There is no room for it.</exception>
    public void Write(Checkpoint checkpoint)
    {
        WriteSnapshot(checkpoint.Number, stream => checkpoint.Image.WriteTo(stream));
        DeleteBefore(checkpoint.Number);
    }
}

/// <summary>A table as it was before the first record of a segment.</summary>
/// <param name="Number">The segment's.</param>
/// <param name="Image">What the snapshot of that number holds.</param>
internal sealed record Checkpoint(long Number, MemoryStream Image);
