using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>
/// Reads a state from its directory, and changes nothing there: the latest snapshot, and what the journal has recorded
/// since. A record that a crash has left incomplete at the very end is left out, with a word about it; what else is not
/// as it was written is refused.
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
        CheckNoneIsStray();
        _last = Numbers(StateFileNames.SegmentNumber).Concat(Numbers(StateFileNames.SnapshotNumber)).Append(0).Max();
    }

    /// <summary>What there is; null when the directory holds no state.</summary>
    /// <exception cref="StateDamagedException">What is there cannot be trusted.</exception>
    /// <exception cref="StateVersionException">It is of another version of this server.</exception>
    public static RecoveredState? Read(IStateDirectory directory) => new Recovery(directory).Read();

    private RecoveredState? Read()
    {
        if (Numbers(StateFileNames.SnapshotNumber).Append(-1).Max() is var number && number < 0)
        {
            CheckNothingBegun();
            return null;
        }

        var snapshot = ReadSnapshot(number);
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

    // Whatever it is, to pass it over, to read it or to write over it may each be wrong.
    private void CheckNoneIsStray()
    {
        var others = _directory.ListNonFiles().ToHashSet();
        if (others.Where(name => StateFileNames.IsState(name) || StateFileNames.IsStray(name)).Min() is { } other)
            throw Stray(other, "it is a directory or a link, and should be a file");
        if (_names.Order().FirstOrDefault(StateFileNames.IsStray) is { } name)
            throw Stray(name, "no server gives a file that name");
    }

    private StateDamagedException Stray(string name, string what) =>
        new($"the state in {_directory.Path} holds something that is not its own. {name}: {what}. Nothing has been "
            + $"changed. Move it away, and start again: mv {_directory.Path}/{name} {_directory.Path}.{name}");

    // The first server in a directory may have been killed before its first snapshot, which would be of an empty table.
    private void CheckNothingBegun()
    {
        foreach (var number in Numbers(StateFileNames.SegmentNumber))
        {
            var name = StateFileNames.Segment(number);
            if (number != StateStore.FirstNumber || !new RecordedSegment(_directory, name, number).IsUnused)
                throw Damaged(name, "there is no snapshot that it goes on from");
        }
    }

    private Snapshot ReadSnapshot(long number)
    {
        var name = StateFileNames.Snapshot(number);
        try
        {
            using var stream = _directory.Open(name);
            return Snapshot.Read(stream, number);
        }
        catch (CorruptStateException e)
        {
            throw Damaged(name, $"it has {e.Message}", e);
        }
        catch (OtherFormatException)
        {
            throw OtherVersion(_directory, name, "another version of this server wrote it");
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

            if (segment.Cut is { } cut)
                _warnings.Add(cut);
            CheckNoneFollows(number, segment.MayLackItsEnd);
            return;
        }
    }

    // Segments that are prepared and not begun are no loss. One that has been begun cannot follow one that has not been
    // ended, unless the machine has lost the end with its power.
    private void CheckNoneFollows(long number, bool mayLackItsEnd)
    {
        foreach (var later in Numbers(StateFileNames.SegmentNumber).Where(later => later > number).Order())
        {
            var segment = new RecordedSegment(_directory, StateFileNames.Segment(later), later);
            if (segment.IsUnused)
                continue;
            if (!mayLackItsEnd)
                throw Damaged(StateFileNames.Segment(number), "its end is missing, which the next one goes on from");
            _warnings.Add($"{StateFileNames.Segment(later)}: all of it, as the machine lost the end of the one before");
        }
    }

    private IEnumerable<long> Numbers(Func<string, long?> numberOf) =>
        _names.Select(numberOf).OfType<long>();

    private StateDamagedException Damaged(string name, string what, Exception? inner = null) =>
        Damage(_directory, name, what, inner);

    /// <summary>What is said of a state that is right and cannot be read by this version.</summary>
    internal static StateVersionException OtherVersion(IStateDirectory directory, string name, string what) =>
        new($"the state in {directory.Path} cannot be taken over. {name}: {what}. Nothing has been changed. Start the "
            + "version that wrote it once more and stop it with SIGTERM (systemctl stop), which leaves a state that "
            + "later versions read; an earlier version than that does not.");

    /// <summary>What is said of a state that cannot be trusted.</summary>
    internal static StateDamagedException Damage(IStateDirectory directory, string name, string what,
        Exception? inner = null) => new($"the state in {directory.Path} is damaged. {name}: {what}. Nothing has been "
            + "changed. Put a copy of the directory back; or start without it, which ends all games: "
            + $"mv {directory.Path} {directory.Path}.damaged", inner);
}

/// <summary>What a directory held.</summary>
internal sealed record RecoveredState
{
    /// <summary>The table as it was last recorded, with replies held that nobody waits for any more.</summary>
    public required Table Table { get; init; }

    /// <summary>Under what it was recorded.</summary>
    public required StateSettings Settings { get; init; }

    /// <summary>The highest number of a file that is there.</summary>
    public required long LastNumber { get; init; }

    /// <summary>The number of the snapshot that it goes on from.</summary>
    public required long SnapshotNumber { get; init; }

    /// <summary>How many requests were replayed.</summary>
    public required long Requests { get; init; }

    /// <summary>What was left out.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }
}
