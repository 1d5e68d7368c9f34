using System.Text.Json;
using TurnServer.Rules;
using TurnServer.Tests.Simulation;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>
/// A snapshot restores all of a table. The tests cover every member by reflection, so that a new member that the writer
/// or the reader lacks makes them fail.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class TableSymmetryTests
{
    private const int Acts = 200;
    private const int Histories = 150;

    // Recounted as players and games are restored; the other counters are monotonic.
    private static readonly string[] Gauges =
        ["TableStatistics._players", "TableStatistics.BacklogBytes", "TableStatistics.Games"];

    private static readonly RulesOptions Options = new()
    {
        PairingTimeout = TimeSpan.FromSeconds(15),
        LongPairingTimeout = TimeSpan.FromSeconds(40),
        LoadTimeout = TimeSpan.FromSeconds(17),
        GameTimeout = TimeSpan.FromSeconds(16),
    };

    [Test]
    public void Every_member_of_a_table_is_restored_from_its_snapshot()
    {
        var comparison = new TableComparison();
        for (var seed = 0UL; seed < Histories; seed++)
        {
            PlayOneTable(comparison, seed);
            PlayShards(comparison, seed);
        }

        Assert.That(comparison.Untested, Is.Empty,
            "members with the same value in every table; extend RandomPlayers to vary them");
        Assert.That(comparison.UnusedExclusions, Is.Empty, "excluded members that no longer exist");
    }

    [Test]
    public void Every_monotonic_counter_is_restored_from_the_snapshot()
    {
        var counters = (TableStatistics)Fields.ChangeAll(new TableStatistics());
        var writer = new FieldWriter();
        counters.Write(writer);
        var restored = new TableStatistics();
        var reader = new FieldReader(writer.Written);
        restored.Read(ref reader);
        reader.End();
        Fields.ChangeAll(restored, field => Gauges.Contains(Fields.Name(field)));
        Assert.That(Fields.Difference(counters, restored), Is.Null);
    }

    [Test]
    public void Reset_clears_every_monotonic_counter()
    {
        var counters = (TableStatistics)Fields.ChangeAll(new TableStatistics());
        counters.Reset();
        var fresh = Fields.ChangeAll(new TableStatistics(), field => Gauges.Contains(Fields.Name(field)));
        Assert.That(Fields.Difference(counters, fresh), Is.Null);
    }

    [Test]
    public void Every_counter_is_published()
    {
        var number = 1_000_000;
        foreach (var field in Fields.Of(typeof(TableStatistics)))
        {
            var counters = new TableStatistics();
            if (field.GetValue(counters) is Array array)
                array.SetValue(Convert.ChangeType(++number, array.GetType().GetElementType()!, null), 0);
            else
                field.SetValue(counters, Convert.ChangeType(++number, field.FieldType, null));
            Assert.That(JsonSerializer.Serialize(counters.Copy()), Does.Contain($"{number}"),
                Fields.Name(field));
        }
    }

    private static void PlayOneTable(TableComparison comparison, ulong seed)
    {
        var random = new SeededRandom(SeededRandom.Derive(12, seed));
        var players = new RandomPlayers(random);
        var table = new Table(Options, new SequentialKeySource());
        for (var act = 0; act < Acts; act++)
        {
            foreach (var answer in table.Apply(players.Next(), players.Now))
                players.Receive(answer.Ticket, RandomPlayers.Text(answer.Reply));
            if (random.Is(40))
                Compare(comparison, table, $"seed {seed}, act {act}");
        }
    }

    private static void PlayShards(TableComparison comparison, ulong seed)
    {
        var random = new SeededRandom(SeededRandom.Derive(13, seed));
        var players = new RandomPlayers(random);
        var shards = new TableShards(Options, gameShards: 2, () => new SequentialKeySource());
        for (var act = 0; act < Acts; act++)
        {
            shards.Apply(players.Next(), players.Now);
            while (random.Is(800))
                shards.Carry(random.Below(3), random.Below(3), players.Now);
            foreach (var (ticket, reply) in shards.Replies)
                players.Receive(ticket, reply);
            shards.Replies.Clear();
            if (!random.Is(40))
                continue;
            var table = random.Of(shards.All);
            table.AdvanceClock(players.Now);
            Compare(comparison, table, $"shards, seed {seed}, act {act}");
        }
    }

    private static void Compare(TableComparison comparison, Table table, string when)
    {
        var restored = TableSnapshotText.Read(TableSnapshotText.Parts(table), Options, new SequentialKeySource(),
            table.Role);
        Assert.That(comparison.Difference(table, restored), Is.Null, when);
    }
}
