using TurnServer.Journal;
using TurnServer.Journal.Disk;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Journal;

/// <summary>Files in the state directory that resemble state files and are none.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class StrayFileTests
{
    private static readonly JournalOptions Options = new() { SegmentBytes = 64 * 1024 };

    [TestCase("journal-1")]
    [TestCase("journal-01")]
    [TestCase("journal-99")]
    [TestCase("journal-0000000000")]
    [TestCase("journal-9223372036854775807")]
    [TestCase("journal-00000000000000000001")]
    [TestCase("snapshot-1")]
    [TestCase("snapshot-5.new")]
    [TestCase("journal-0000000001.new")]
    public void Open_WithAStrayFile_NamesItAndChangesNothing(string name)
    {
        using var state = new StateFolder();
        state.WriteUnfinished(Options);
        var path = state.PathOf(name);
        File.WriteAllBytes(path, []);
        AssertIsNamed(state, name);
        // The same when it is the only file.
        Directory.GetFiles(state.Path).Where(file => file != path).ToList().ForEach(File.Delete);
        AssertIsNamed(state, name);
    }

    [TestCase("journal-0000000007")]
    [TestCase("snapshot-0000000007")]
    [TestCase("journal-7")]
    public void Open_WithADirectoryOrLinkOfAStateFilesName_NamesIt(string name)
    {
        using var state = new StateFolder();
        state.WriteUnfinished(Options);
        var path = state.PathOf(name);
        Directory.CreateDirectory(path);
        AssertIsNamed(state, name);
        Directory.Delete(path);
        File.CreateSymbolicLink(path, state.PathOf("elsewhere"));
        AssertIsNamed(state, name);
        File.Delete(path);
        File.CreateSymbolicLink(path, state.PathOf(StateFileNames.Segment(1)));
        AssertIsNamed(state, name);
    }

    [Test]
    public void Open_WithAnEmptyLaterSegment_ContinuesAfterIt()
    {
        using var state = new StateFolder();
        state.WriteUnfinished(Options);
        File.WriteAllBytes(state.PathOf(StateFileNames.Segment(99)), []);
        state.WriteUnfinished(Options);
        Assert.That(Directory.GetFiles(state.Path).Select(Path.GetFileName),
            Is.EquivalentTo([StateFileNames.Lock, StateFileNames.Snapshot(100), StateFileNames.Segment(100)]));
    }

    [TestCase("snapshot-0000000009")]
    [TestCase("journal-0000000009")]
    public void Open_WithALaterFileOfGarbage_NamesIt(string name)
    {
        using var state = new StateFolder();
        state.WriteUnfinished(Options);
        File.WriteAllText(state.PathOf(name), new string('x', 1000));
        AssertIsNamed(state, name);
    }

    [TestCase("notes.txt")]
    [TestCase("journal-0000000001.bak")]
    [TestCase("journal-")]
    [TestCase("journal-old")]
    public void Open_WithAnUnrelatedFile_LeavesItAlone(string name)
    {
        using var state = new StateFolder();
        state.WriteUnfinished(Options);
        var path = state.PathOf(name);
        File.WriteAllText(path, "mine");
        state.WriteUnfinished(Options);
        Assert.That(File.ReadAllText(path), Is.EqualTo("mine"));
    }

    private static void AssertIsNamed(StateFolder state, string name)
    {
        var before = Entries();
        Assert.That(() => state.WriteUnfinished(Options), Throws.TypeOf<StateDamagedException>()
            .With.Message.Contains($" {name}: ").And.Message.Contains("Nothing has been changed"));
        Assert.That(Entries(), Is.EqualTo(before));

        // A refused start has created the lock file.
        List<string> Entries() => [.. Directory.GetFileSystemEntries(state.Path)
            .Where(entry => Path.GetFileName(entry) != StateFileNames.Lock).Order()];
    }
}
