using TurnServer.Journal;
using TurnServer.Tests.Simulation;

namespace TurnServer.Tests.Journal;

/// <summary>
/// What is not as it was written is refused, and nothing of it changed; a record that was torn is left out.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class DamageTests
{
    [Test]
    public void Every_flipped_bit_of_what_is_on_the_disk_is_refused()
    {
        var state = new RecordedGame();
        state.Play(turns: 6);
        state.Store.Syncer.Sync();
        var content = state.Disk.ContentOf(state.Segment);
        var written = state.Store.Journal.Current.Written;
        var passed = new List<int>();
        for (var at = 0; at < written; at++)
        {
            content[at] ^= 0x10;
            if (!IsRefused(state.Disk))
                passed.Add(at);
            content[at] ^= 0x10;
        }

        // Between the frames stand bytes that mean nothing, and in the head behind its checksum; the mark of how much
        // is synced may be taken for an earlier one.
        Assert.That(passed.Where(at => at is < 44 or >= SegmentHead.Bytes), Is.SubsetOf(state.Padding()));
        Assert.That(IsRefused(state.Disk), Is.False);
    }

    [Test]
    public void Every_flipped_bit_of_a_snapshot_is_refused()
    {
        var state = new RecordedGame();
        state.Play(turns: 3);
        state.Store.Finish();
        var name = state.Disk.List().Single(name => StateFileNames.SnapshotNumber(name) is not null);
        var content = state.Disk.ContentOf(name);
        var refused = 0;
        for (var at = 0; at < content.Length; at++)
        {
            content[at] ^= 0x10;
            refused += IsRefused(state.Disk) ? 1 : 0;
            content[at] ^= 0x10;
        }

        // All but the head's three spare bytes, which are under its checksum too, and what fills frames up.
        Assert.That(refused, Is.GreaterThan(content.Length * 9 / 10));
    }

    [Test]
    public void What_has_been_synced_must_be_there()
    {
        var state = new RecordedGame();
        state.Play(turns: 6);
        state.Store.Syncer.Sync();
        for (var length = SegmentHead.Bytes; length < state.Store.Journal.Current.Written; length += 8)
        {
            var disk = state.Disk.Copy();
            disk.Resize(state.Segment, length);
            Assert.That(() => Recovery.Read(disk), Throws.TypeOf<StateDamagedException>()
                .With.Message.Contains(state.Segment).And.Message.Contains($"mv {disk.Path}"), $"cut at {length}");
        }
    }

    [Test]
    public void A_file_is_as_long_as_it_was_made_whatever_was_synced()
    {
        var state = new RecordedGame();
        state.Play(turns: 6);
        var made = state.Disk.ContentOf(state.Segment).Length;
        for (var length = SegmentHead.Bytes; length <= made + 8; length += 8)
        {
            var disk = state.Disk.Copy();
            disk.Resize(state.Segment, length);
            if (length == made)
                continue;
            Assert.That(() => Recovery.Read(disk), Throws.TypeOf<StateDamagedException>()
                .With.Message.Contains(state.Segment), $"cut at {length}");
        }
    }

    [Test]
    public void A_record_that_was_torn_is_left_out_with_a_word()
    {
        var state = new RecordedGame();
        state.Play(turns: 6);
        var requests = Recovery.Read(state.Disk)!.Requests;
        var content = state.Disk.ContentOf(state.Segment);
        var last = state.Frames()[^1];
        // Killed before the length was written, which comes last.
        content.AsSpan(last, sizeof(int)).Clear();
        var recovered = Recovery.Read(state.Disk)!;
        Assert.That(recovered.Requests, Is.EqualTo(requests - 1));
        Assert.That(recovered.Warnings.Single(), Does.Contain(state.Segment).And.Contain("incomplete"));
    }

    [Test]
    public void A_hole_in_the_middle_is_no_torn_record()
    {
        var state = new RecordedGame();
        state.Play(turns: 6);
        foreach (var frame in state.Frames().SkipLast(1))
        {
            var disk = state.Disk.Copy();
            disk.ContentOf(state.Segment).AsSpan(frame, sizeof(int)).Clear();
            Assert.That(() => Recovery.Read(disk), Throws.TypeOf<StateDamagedException>(), $"at {frame}");
        }
    }

    [Test]
    public void Missing_files_are_refused()
    {
        var state = new RecordedGame();
        state.Play(turns: 2000);
        Assert.That(state.Store.Journal.Current.Number, Is.GreaterThan(2), "several segments");
        foreach (var name in state.Disk.List())
        {
            var disk = state.Disk.Copy();
            disk.Delete(name);
            // The last is prepared and holds nothing yet.
            var isSpare = StateFileNames.SegmentNumber(name) > state.Store.Journal.Current.Number;
            Assert.That(() => Recovery.Read(disk),
                isSpare ? Throws.Nothing : Throws.TypeOf<StateDamagedException>(), name);
        }
    }

    [Test]
    public void A_turn_that_looks_like_a_record_is_none()
    {
        var state = new RecordedGame();
        state.Play(turns: 2);
        var frame = state.Frames()[^1];
        var content = state.Disk.ContentOf(state.Segment);
        var forged = Convert.ToHexString(content.AsSpan(frame, state.Store.Journal.Current.Written - frame));
        state.Turn(forged);
        var last = state.Frames()[^1];
        content.AsSpan(last, sizeof(int)).Clear();
        Assert.That(Recovery.Read(state.Disk)!.Warnings, Has.Count.EqualTo(1));
    }

    [Test]
    public void Another_version_is_named_as_such_and_not_as_damage()
    {
        var state = new RecordedGame();
        state.Play(turns: 2);
        state.Disk.ContentOf(state.Segment)[7]++;
        Assert.That(() => Recovery.Read(state.Disk), Throws.TypeOf<StateVersionException>());
        state = new RecordedGame();
        state.Disk.ContentOf(StateFileNames.Snapshot(StateStore.FirstNumber))[7]++;
        Assert.That(() => Recovery.Read(state.Disk), Throws.TypeOf<StateVersionException>());
    }

    private static bool IsRefused(SimulatedDisk disk)
    {
        try
        {
            _ = Recovery.Read(disk);
            return false;
        }
        catch (StateException)
        {
            return true;
        }
    }
}
