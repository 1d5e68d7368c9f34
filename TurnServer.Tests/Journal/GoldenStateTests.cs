using System.Text.Json;
using TurnServer.Actor;
using TurnServer.Journal;
using TurnServer.Rules;
using TurnServer.Tests.Simulation;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Journal;

/// <summary>
/// A state that an earlier build has written: a crowd with games and others in the snapshot, and more of it in the
/// journal. What is in the files of those who have the server must be read by every later one.
/// </summary>
internal sealed class GoldenStateTests
{
    private const int ActsInSnapshot = 400;
    private const int ActsInJournal = 200;

    private static readonly JournalOptions Options = new() { SegmentBytes = 16 * 1024 };
    private static readonly RulesOptions Rules = new() { PlayersMax = 50 };

    private static string Folder => Path.Combine(TestContext.CurrentContext.TestDirectory, "Journal", "Golden");

    [Test]
    public void What_an_earlier_build_wrote_is_read_as_it_was()
    {
        var disk = new SimulatedDisk();
        foreach (var file in Directory.GetFiles(Folder, "*-*"))
            disk.Put(Path.GetFileName(file), File.ReadAllBytes(file));
        var recovered = Recovery.Read(disk)!;
        Assert.That(recovered.Warnings, Is.Empty);
        Assert.That(recovered.Requests, Is.EqualTo(ActsInJournal));
        Assert.That(recovered.Settings, Is.EqualTo(new StateSettings(Rules, true)));
        Assert.That(Figures(recovered.Table), Is.EqualTo(File.ReadAllText(Path.Combine(Folder, "figures.json"))));

        // And is written by this one as it is read.
        var store = Open(disk);
        store.Begin();
        Assert.That(TableImageText.Of(Recovery.Read(disk)!.Table), Is.EqualTo(TableImageText.Of(store.Table)));
        Assert.That((store.Table.PlayerCount, store.Table.GameCount, store.Table.Count().BacklogBytes),
            Is.EqualTo((recovered.Table.PlayerCount, recovered.Table.GameCount,
                recovered.Table.Count().BacklogBytes)));
    }

    /// <summary>
    /// Writes it anew, into the sources: to be run when the format has a new version, and the old files to be kept
    /// beside it.
    /// </summary>
    [Test]
    [Explicit]
    public void Write()
    {
        for (var seed = 0UL; ; seed++)
        {
            var crowd = new Crowd(new Chance(seed));
            var disk = new SimulatedDisk();
            var store = Open(disk);
            store.Begin();
            Play(crowd, store, ActsInSnapshot);
            store = Open(disk);
            if (!IsRich(store.Table))
                continue;
            store.Begin();
            Play(crowd, store, ActsInJournal);
            if (!IsRich(store.Table))
                continue;
            Write(disk, store.Table);
            return;
        }
    }

    private static void Write(SimulatedDisk disk, Table table)
    {
        var folder = Path.Combine(Repository.Root, "TurnServer.Tests", "Journal", "Golden");
        foreach (var name in disk.List())
            File.WriteAllBytes(Path.Combine(folder, name), disk.ContentOf(name));
        File.WriteAllText(Path.Combine(folder, "figures.json"), Figures(table));
    }

    private static bool IsRich(Table table) => table.Count() is { Games: > 1, BacklogBytes: > 0 } figures
        && figures.PlayersByStatus.Count(players => players > 0) > 1;

    private static string Figures(Table table) => JsonSerializer.Serialize(table.Count()) + "\n";

    private static void Play(Crowd crowd, StateStore store, int acts)
    {
        for (var act = 0; act < acts; act++)
        {
            var arrival = crowd.Next();
            Assert.That(store.Journal.TryReserve(arrival.Body.Length, store.Table));
            if (store.Table.NextDeadline <= crowd.Now)
            {
                Hear(crowd, store.Table.Tick(crowd.Now));
                store.Journal.Record(RecordKind.Tick, crowd.Now);
            }

            var answers = store.Table.Apply(arrival, crowd.Now);
            store.Journal.Record(arrival, store.Table, crowd.Now);
            Hear(crowd, answers);
        }
    }

    private static void Hear(Crowd crowd, ReadOnlySpan<Answer> answers)
    {
        foreach (var answer in answers)
            crowd.Hear(answer.Ticket, Crowd.Text(answer.Reply));
    }

    private static StateStore Open(SimulatedDisk disk) => StateStore.Open(disk, Options,
        new StateSettings(Rules, true), last => new SequentialKeySource(last + 1 ?? 0));
}
