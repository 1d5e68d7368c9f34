using TurnServer.Actor;
using TurnServer.Journal;
using TurnServer.Journal.Disk;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Journal;

/// <summary>A process killed while it creates the next segment leaves a file without a head.</summary>
internal sealed class KilledWhilePreparingTests : StateFixture
{
    private static readonly JournalOptions Options = new() { SegmentBytes = 64 * 1024 };

    // The length of the file and of the part of its head.
    [TestCase(0, 0)]
    [TestCase(10, 0)]
    [TestCase(30_000, 0)]
    [TestCase(65_536, 0)]
    [TestCase(65_536, 20)]
    public void Open_WithAnIncompleteSegment_Succeeds(int bytes, int headBytes)
    {
        WriteState();
        var made = new byte[bytes];
        made.AsSpan(0, headBytes).Fill(7);
        File.WriteAllBytes(State.PathOf(StateFileNames.Segment(2)), made);
        WriteState();
        Assert.That(WriteState, Throws.Nothing);
    }

    [Test]
    public void Open_WithALaterSegmentThatHasDataAndNoHead_IsRefused()
    {
        WriteState();
        var later = new byte[Options.SegmentBytes];
        later[SegmentHead.Bytes] = 1;
        File.WriteAllBytes(State.PathOf(StateFileNames.Segment(2)), later);
        Assert.That(WriteState,
            Throws.TypeOf<StateDamagedException>().With.Message.Contains(StateFileNames.Segment(2)));
    }

    private void WriteState() => State.WriteUnfinished(Options);
}
