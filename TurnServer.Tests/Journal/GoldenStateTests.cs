using System.Text.Json;
using System.Text.Json.Nodes;
using TurnServer.Actor;
using TurnServer.Journal;
using TurnServer.Rules;
using TurnServer.Tests.Simulation;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Journal;

/// <summary>
/// States written by earlier builds, of a running and of a stopped server, with players and games in the snapshot and
/// in the journal. Later versions of the rules read the snapshots of earlier ones.
/// </summary>
internal sealed class GoldenStateTests
{
    private const int ActsInSnapshot = 400;
    private const int ActsInJournal = 200;

    private static readonly JournalOptions Options = new() { SegmentBytes = 16 * 1024 };
    private static readonly RulesOptions Rules = new() { PlayersMax = 50 };

    private static readonly int[] Versions = [.. Enumerable.Range(1, StateFormat.RulesVersion)];
    private static readonly int[] Replayable = [.. Versions.Where(version => version >= StateFormat.RulesVersionMin)];
    private static readonly int[] NotReplayable = [.. Versions.Except(Replayable)];

    private static string Running(int version) => Path.Combine($"rules-{version}", "running");

    private static string Stopped(int version) => Path.Combine($"rules-{version}", "stopped");

    [Test]
    public void Read_OfAJournalOfRulesWithTheSameResults_RestoresIt(
        [ValueSource(nameof(Replayable))] int version) => AssertIsRestored(Running(version), ActsInJournal);

    [Test]
    public void Read_OfAFinalSnapshotOfAnyRules_RestoresIt(
        [ValueSource(nameof(Versions))] int version) => AssertIsRestored(Stopped(version), requests: 0);

    [Test]
    public void Read_OfAJournalOfOtherRules_IsRefusedWithARemedy(
        [ValueSource(nameof(NotReplayable))] int version) =>
        Assert.That(() => Recovery.Read(Disk(Running(version))), Throws.TypeOf<StateVersionException>().With.Message
            .Contains($"rules of version {version}").And.Message.Contains("SIGTERM"));

    /// <summary>Before version 2, an exclusion lasted as long as the player's registration.</summary>
    [Test]
    public void An_exclusion_without_an_end_ends_after_the_load_timeout()
    {
        var table = Recovery.Read(Disk(Stopped(version: 1)))!.Table;
        var player = table.Parts.Lobby.Players.Single(player => player.Exclusions.Count > 0);
        Assert.That(player.Exclusions.Select(one => one.Until), Is.All.EqualTo(table.Now + Rules.LoadTimeout));
    }

    [Test]
    public void A_game_begun_before_turns_were_counted_tells_no_totals()
    {
        var seats = Recovery.Read(Disk(Stopped(version: 2)))!.Table.Parts.Games.Seats;
        Assert.That(seats, Is.Not.Empty);
        Assert.That(seats.Select(seat => seat.Totals), Is.All.Null);
    }

    [Test]
    public void A_game_begun_after_turns_were_counted_tells_its_totals()
    {
        var games = Recovery.Read(Disk(Stopped(version: 3)))!.Table.Parts.Games;
        Assert.That(games.Seats.Select(seat => seat.Totals?.Taken), Has.All.Not.Null.And.Some.GreaterThan(0));
    }

    /// <summary>
    /// Writes both into the source tree. To be run when the version of the rules changes; the older ones stay.
    /// </summary>
    [Test]
    [Explicit]
    public void Write()
    {
        for (var seed = 0UL; ; seed++)
        {
            var players = new RandomPlayers(new SeededRandom(seed));
            var disk = new SimulatedDisk();
            var store = Open(disk);
            store.Begin();
            Play(players, store, ActsInSnapshot);
            store = Open(disk);
            if (!IsRich(store.Table))
                continue;
            store.Begin();
            Play(players, store, ActsInJournal);
            var waiting = store.Table.Parts.Lobby.Players;
            if (!IsRich(store.Table) || !waiting.Any(player => player.Exclusions.Count > 0)
                || !waiting.Any(player => player.Pool is not null))
            {
                continue;
            }

            Write(Running(StateFormat.RulesVersion), disk, store.Table);
            store.Finish();
            Write(Stopped(StateFormat.RulesVersion), disk, store.Table);
            return;
        }
    }

    private static void AssertIsRestored(string folder, int requests)
    {
        var disk = Disk(folder);
        var recovered = Recovery.Read(disk)!;
        Assert.That(recovered.Warnings, Is.Empty);
        Assert.That(recovered.Requests, Is.EqualTo(requests));
        Assert.That(recovered.Settings, Is.EqualTo(new StateSettings(Rules, true)));
        var expected = File.ReadAllText(Path.Combine(Folder, folder, "figures.json"));
        var statistics = StatisticsJson(recovered.Table);
        Assert.That(JsonNode.DeepEquals(JsonNode.Parse(statistics), JsonNode.Parse(expected)), Is.True,
            $"expected {expected}but was {statistics}");

        // This build writes what it has read.
        var store = Open(disk);
        store.Begin();
        Assert.That(TableSnapshotText.Of(Recovery.Read(disk)!.Table), Is.EqualTo(TableSnapshotText.Of(store.Table)));
        Assert.That((store.Table.PlayerCount, store.Table.GameCount, store.Table.GetStatistics().BacklogBytes),
            Is.EqualTo((recovered.Table.PlayerCount, recovered.Table.GameCount,
                recovered.Table.GetStatistics().BacklogBytes)));
    }

    private static string Folder => Path.Combine(TestContext.CurrentContext.TestDirectory, "Journal", "Golden");

    private static SimulatedDisk Disk(string folder)
    {
        var disk = new SimulatedDisk();
        foreach (var file in Directory.GetFiles(Path.Combine(Folder, folder), "*-*"))
            disk.Put(Path.GetFileName(file), File.ReadAllBytes(file));
        return disk;
    }

    private static void Write(string name, SimulatedDisk disk, Table table)
    {
        var folder = Path.Combine(Repository.Root, "TurnServer.Tests", "Journal", "Golden", name);
        Directory.CreateDirectory(folder);
        foreach (var file in disk.List())
            File.WriteAllBytes(Path.Combine(folder, file), disk.ContentOf(file));
        File.WriteAllText(Path.Combine(folder, "figures.json"), StatisticsJson(table));
    }

    private static bool IsRich(Table table) => table.GetStatistics() is { Games: > 1, BacklogBytes: > 0 } statistics
        && statistics.PlayersByStatus.Count(players => players > 0) > 1;

    private static string StatisticsJson(Table table) => JsonSerializer.Serialize(table.GetStatistics()) + "\n";

    private static void Play(RandomPlayers players, StateStore store, int acts)
    {
        for (var act = 0; act < acts; act++)
        {
            var arrival = players.Next();
            Assert.That(store.Journal.TryReserve(arrival.Body.Length, store.Table));
            if (act == acts / 2)
            {
                var suspension = new Suspension(TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(5));
                Deliver(players, store.Table.ExtendDeadlines(suspension, players.Now));
                store.Journal.Record(suspension, players.Now);
            }

            if (store.Table.NextDeadline <= players.Now)
            {
                Deliver(players, store.Table.Tick(players.Now));
                store.Journal.Record(RecordKind.Tick, players.Now);
            }

            var answers = store.Table.Apply(arrival, players.Now);
            store.Journal.Record(arrival, store.Table, players.Now);
            Deliver(players, answers);
        }
    }

    private static void Deliver(RandomPlayers players, ReadOnlySpan<Answer> answers)
    {
        foreach (var answer in answers)
            players.Receive(answer.Ticket, RandomPlayers.Text(answer.Reply));
    }

    private static StateStore Open(SimulatedDisk disk) => StateStore.Open(disk, Options,
        new StateSettings(Rules, true), last => new SequentialKeySource(last + 1 ?? 0));
}
