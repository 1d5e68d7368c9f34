using TurnServer.Journal;
using TurnServer.Tests.Simulation;

namespace TurnServer.Tests.Journal;

/// <summary>
/// Damaged files are refused and left unchanged; a torn record is discarded.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class DamageTests
{
    [Test]
    public void Read_WithAFlippedBitInSyncedRecords_IsRefused()
    {
        var state = new RecordedGame();
        state.Play(turns: 6);
        state.Store.Syncer.Sync();
        var content = state.Disk.ContentOf(state.Segment);
        var written = state.Store.Journal.Current.Written;
        var accepted = new List<int>();
        for (var at = 0; at < written; at++)
        {
            content[at] ^= 0x10;
            if (!IsRefused(state.Disk))
                accepted.Add(at);
            content[at] ^= 0x10;
        }

        // Padding between frames and unused bytes of the head do not matter; the head's synced length may pass for an
        // earlier one.
        Assert.That(accepted.Where(at => at is < 44 or >= SegmentHead.Bytes), Is.SubsetOf(state.Padding()));
        Assert.That(IsRefused(state.Disk), Is.False);
    }

    [Test]
    public void Read_WithAFlippedBitInASnapshot_IsRefused()
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

        // All but the padding of frames.
        Assert.That(refused, Is.GreaterThan(content.Length * 9 / 10));
    }

    [Test]
    public void Read_WithSyncedBytesMissing_IsRefused()
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
    public void Read_WithAnotherFileLength_IsRefused()
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
    public void Read_WithATornLastRecord_DiscardsItWithAWarning()
    {
        var state = new RecordedGame();
        state.Play(turns: 6);
        var requests = Recovery.Read(state.Disk)!.Requests;
        var content = state.Disk.ContentOf(state.Segment);
        var last = state.Frames()[^1];
        // As if killed before the length was stored, which comes last.
        content.AsSpan(last, sizeof(int)).Clear();
        var recovered = Recovery.Read(state.Disk)!;
        Assert.That(recovered.Requests, Is.EqualTo(requests - 1));
        Assert.That(recovered.Warnings.Single(), Does.Contain(state.Segment).And.Contain("incomplete"));
    }

    [Test]
    public void Read_WithARecordMissingInTheMiddle_IsRefused()
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
    public void Read_WithAFileMissing_IsRefused()
    {
        var state = new RecordedGame();
        state.Play(turns: 2000);
        Assert.That(state.Store.Journal.Current.Number, Is.GreaterThan(2), "several segments");
        foreach (var name in state.Disk.List())
        {
            var disk = state.Disk.Copy();
            disk.Delete(name);
            // The last segment is prepared and unused.
            var isUnused = StateFileNames.SegmentNumber(name) > state.Store.Journal.Current.Number;
            Assert.That(() => Recovery.Read(disk),
                isUnused ? Throws.Nothing : Throws.TypeOf<StateDamagedException>(), name);
        }
    }

    [Test]
    public void Read_WithATurnThatLooksLikeARecord_IgnoresIt()
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
    public void Read_OfAnotherVersion_IsNotReportedAsDamage()
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
