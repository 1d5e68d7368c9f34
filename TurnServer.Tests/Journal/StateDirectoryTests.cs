using TurnServer.Actor;
using TurnServer.Journal;
using TurnServer.Journal.Disk;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Journal;

/// <summary>The state directory on a real disk.</summary>
internal sealed class StateDirectoryTests : StateFixture
{
    private const UnixFileMode ForOthers = UnixFileMode.GroupRead | UnixFileMode.GroupWrite
        | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private string Target => Path.Combine(State.Path, "deep", "state");

    [Test]
    public void Files_AreAccessibleToTheOwnerOnly()
    {
        using var directory = StateDirectory.Acquire(Target);
        directory.Create("segment", 100_000, isMapped: true).Dispose();
        directory.Write("snapshot", stream => stream.WriteByte(1));
        Assert.That(directory.List(), Is.EquivalentTo(new[] { "lock", "segment", "snapshot" }));
        Assert.That(Directory.GetFiles(Target).Append(Target).Select(path => File.GetUnixFileMode(path) & ForOthers),
            Is.All.EqualTo(UnixFileMode.None));
    }

    [Test]
    public void Acquire_WhileAnotherServerHasIt_IsRefused()
    {
        using (StateDirectory.Acquire(Target))
        {
            Assert.That(() => StateDirectory.Acquire(Target), Throws.TypeOf<StateException>()
                .With.Message.Contains(Target).And.Message.Contains("in use by another server"));
        }

        Assert.That(() => StateDirectory.Acquire(Target).Dispose(), Throws.Nothing);
    }

    [Test]
    public void Acquire_OfAFile_IsRefused()
    {
        var file = State.PathOf("file");
        File.WriteAllText(file, "");
        Assert.That(() => StateDirectory.Acquire(file), Throws.TypeOf<StateException>()
            .With.Message.Contains($"{file} is a file"));
        Assert.That(() => StateDirectory.Acquire(Path.Combine(file, "below")), Throws.TypeOf<StateException>()
            .With.Message.Contains("--state"));
    }

    [Test]
    public void Path_OfALink_IsItsTarget()
    {
        Directory.CreateDirectory(Target);
        var link = State.PathOf("link");
        Directory.CreateSymbolicLink(link, Target);
        using var directory = StateDirectory.Acquire(link);
        Assert.That(directory.Path, Is.EqualTo(Target));
    }

    [Test]
    public void Finish_LeavesUnrelatedFilesAlone()
    {
        Directory.CreateDirectory(Target);
        string[] others = ["notes.new", "snapshot-1.txt", "journal-x", "snapshot-.new"];
        foreach (var other in others)
            File.WriteAllText(Path.Combine(Target, other), "");
        using (var store = StateStore.Open(StateDirectory.Acquire(Target), RecordedGame.Options,
            new StateSettings(new RulesOptions(), true), _ => new SequentialKeySource()))
        {
            store.Begin();
            store.Finish();
        }

        Assert.That(Directory.GetFiles(Target).Select(Path.GetFileName), Is.SupersetOf(others));
    }

    [Test]
    public void Bytes_AreInTheFileAtOnceWhenMapped_OtherwiseAfterWrite([Values] bool isMapped)
    {
        using var directory = StateDirectory.Acquire(Target);
        using var segment = directory.Create("segment", 100_000, isMapped);
        segment.Bytes[99_999] = 7;
        Assert.That(directory.ReadAll("segment")[^1], Is.EqualTo(isMapped ? 7 : 0));
        segment.Write(99_990, 100_000);
        segment.Sync();
        Assert.That(directory.ReadAll("segment"), Has.Length.EqualTo(100_000));
        Assert.That(directory.ReadAll("segment")[^1], Is.EqualTo(7));
    }

    [Test]
    public void Write_ThatFails_KeepsThePreviousFile()
    {
        using var directory = StateDirectory.Acquire(Target);
        directory.Write("snapshot", stream => stream.WriteByte(1));
        Assert.That(() => directory.Write("snapshot", stream =>
        {
            stream.WriteByte(2);
            throw new IOException("full");
        }), Throws.TypeOf<IOException>());
        Assert.That(directory.ReadAll("snapshot"), Is.EqualTo(new byte[] { 1 }));
        Assert.That(directory.List(), Is.EquivalentTo(new[] { "lock", "snapshot" }));
    }
}
