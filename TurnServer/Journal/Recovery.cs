using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>
/// Recovers a state from its directory without changing it: the latest snapshot, then the journal. An incomplete record
/// at the very end, left by a crash, is discarded with a warning; any other damage is refused.
/// </summary>
internal sealed class Recovery
{
    private readonly IStateDirectory _directory;
    private readonly HashSet<string> _names;
    private readonly List<string> _warnings = [];
    private readonly long _last;

    private Recovery(IStateDirectory directory)
    {
        _directory = directory;
        _names = [.. directory.List()];
        RefuseStrayFiles();
        _last = Numbers(StateFileNames.SegmentNumber).Concat(Numbers(StateFileNames.SnapshotNumber)).Append(0).Max();
    }

    /// <summary>Recovers the state; null when the directory holds none.</summary>
    /// <exception cref="StateDamagedException">The files cannot be trusted.</exception>
    /// <exception cref="StateVersionException">Another version of this server wrote them.</exception>
    public static RecoveredState? Read(IStateDirectory directory) => new Recovery(directory).Read();

    private RecoveredState? Read()
    {
        if (Numbers(StateFileNames.SnapshotNumber).Append(-1).Max() is var number && number < 0)
        {
            RefuseOrphanSegments();
            return null;
        }

        var snapshot = ReadSnapshot(_directory, number);
        var replay = new Replay(snapshot.Table, snapshot.Keys, snapshot.Settings);
        if (!snapshot.IsFinal)
            ReplayFrom(number, replay);
        return new RecoveredState
        {
            Table = snapshot.Table,
            Settings = snapshot.Settings,
            LastNumber = _last,
            SnapshotNumber = number,
            Requests = replay.Requests,
            Warnings = _warnings,
        };
    }

    // Ignoring, reading or overwriting such a file might each be wrong.
    private void RefuseStrayFiles()
    {
        var others = _directory.ListNonFiles();
        if (others.Where(name => StateFileNames.IsState(name) || StateFileNames.IsStray(name)).Min() is { } other)
            throw Stray(other, "not a regular file, but a directory or a link");
        if (_names.Where(StateFileNames.IsStray).Min() is { } name)
            throw Stray(name, "no server gives a file that name");
    }

    private StateDamagedException Stray(string name, string what) =>
        new($"the state directory {_directory.Path} contains an unexpected entry. {name}: {what}. Nothing has been "
            + $"changed. Move it away, and start again: mv {_directory.Path}/{name} {_directory.Path}.{name}");

    // A first server killed before its first snapshot, of an empty table, leaves an unused first segment.
    private void RefuseOrphanSegments()
    {
        foreach (var number in Numbers(StateFileNames.SegmentNumber))
        {
            var name = StateFileNames.Segment(number);
            if (number != StateStore.FirstNumber || !new RecordedSegment(_directory, name, number).IsUnused)
                throw Damaged(name, "the snapshot before it is missing");
        }
    }

    private void ReplayFrom(long number, Replay replay)
    {
        while (true)
        {
            var name = StateFileNames.Segment(number);
            if (!_names.Contains(name))
                throw Damaged(name, "it is missing");
            var segment = new RecordedSegment(_directory, name, number);
            if (segment.Replay(replay))
            {
                number++;
                continue;
            }

            if (segment.DiscardedTail is { } discarded)
                _warnings.Add(discarded);
            CheckLaterSegments(number, segment.MayLackRecords);
            return;
        }
    }

    // Later segments must be prepared and unused, unless power loss took the end of this one.
    private void CheckLaterSegments(long number, bool mayLackRecords)
    {
        foreach (var later in Numbers(StateFileNames.SegmentNumber).Where(later => later > number).Order())
        {
            var segment = new RecordedSegment(_directory, StateFileNames.Segment(later), later);
            if (segment.IsUnused)
                continue;
            if (!mayLackRecords)
                throw Damaged(StateFileNames.Segment(number), "its end is missing, and another segment follows");
            _warnings.Add($"{StateFileNames.Segment(later)}: all of it, because power loss took the end of the segment "
                + "before it");
        }
    }

    private IEnumerable<long> Numbers(Func<string, long?> numberOf) =>
        _names.Select(numberOf).OfType<long>();

    private StateDamagedException Damaged(string name, string what, Exception? inner = null) =>
        Damage(_directory, name, what, inner);

    /// <summary>Reads the snapshot with this number.</summary>
    /// <exception cref="StateDamagedException">It is damaged.</exception>
    /// <exception cref="StateVersionException">Another version of this server wrote it.</exception>
    internal static Snapshot ReadSnapshot(IStateDirectory directory, long number)
    {
        var name = StateFileNames.Snapshot(number);
        try
        {
            using var stream = directory.Open(name);
            return Snapshot.Read(stream, number);
        }
        catch (CorruptStateException e)
        {
            throw Damage(directory, name, e.Message, e);
        }
        catch (OtherFormatException)
        {
            throw OtherVersion(directory, name, "another version of this server wrote it");
        }
    }

    /// <summary>The error for a state that is intact and of another version.</summary>
    internal static StateVersionException OtherVersion(IStateDirectory directory, string name, string what) =>
        new($"cannot read the state in {directory.Path}. {name}: {what}. Nothing has been changed. Start the version "
            + "that wrote it and stop it with SIGTERM (systemctl stop): the snapshot that it then writes can be read "
            + "by later versions, though not by earlier ones.");

    /// <summary>The error for a state that cannot be trusted.</summary>
    internal static StateDamagedException Damage(IStateDirectory directory, string name, string what,
        Exception? inner = null) => new($"the state in {directory.Path} is damaged. {name}: {what}. Nothing has been "
            + "changed. Restore a copy of the directory, or start without it, which ends all games: "
            + $"mv {directory.Path} {directory.Path}.damaged", inner);
}

/// <summary>What recovery found.</summary>
internal sealed record RecoveredState
{
    /// <summary>The table as last recorded, including held replies whose clients are gone.</summary>
    public required Table Table { get; init; }

    /// <summary>The settings it was recorded under.</summary>
    public required StateSettings Settings { get; init; }

    /// <summary>The highest number of a file.</summary>
    public required long LastNumber { get; init; }

    /// <summary>The number of the snapshot that the replay started from.</summary>
    public required long SnapshotNumber { get; init; }

    /// <summary>How many requests were replayed.</summary>
    public required long Requests { get; init; }

    /// <summary>What was discarded at the end of the journal, a line each.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }
}
