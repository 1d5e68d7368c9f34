using System.Text.Json;
using TurnServer.Rules;
using TurnServer.Tests.Simulation;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>
/// Whatever a table keeps comes back from its image. The tests go over all members: who adds one, and forgets it in the
/// image or its reader, need not think of a test for it.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class TableSymmetryTests
{
    private const int Acts = 200;
    private const int Histories = 150;

    // What is counted again as players and games are restored; the rest of the counters goes up only.
    private static readonly string[] CountedAgain =
        ["TableStatistics._players", "TableStatistics.BacklogBytes", "TableStatistics.Games"];

    private static readonly RulesOptions Options = new()
    {
        PairingTimeout = TimeSpan.FromSeconds(15),
        LongPairingTimeout = TimeSpan.FromSeconds(40),
        LoadTimeout = TimeSpan.FromSeconds(17),
        GameTimeout = TimeSpan.FromSeconds(16),
    };

    [Test]
    public void Every_member_of_a_table_comes_back_from_its_image()
    {
        var comparison = new TableComparison();
        for (var seed = 0UL; seed < Histories; seed++)
        {
            var chance = new Chance(Chance.Derive(12, seed));
            var players = new RandomPlayers(chance);
            var table = new Table(Options, new SequentialKeySource());
            for (var act = 0; act < Acts; act++)
            {
                foreach (var answer in table.Apply(players.Next(), players.Now))
                    players.Receive(answer.Ticket, RandomPlayers.Text(answer.Reply));
                if (!chance.Is(40))
                    continue;
                var back = TableSnapshotText.Read(TableSnapshotText.Parts(table), Options, new SequentialKeySource());
                Assert.That(comparison.Difference(table, back), Is.Null, $"seed {seed}, act {act}");
            }
        }

        Assert.That(comparison.Untested, Is.Empty,
            "members with the same value in every table; extend RandomPlayers to vary them");
        Assert.That(comparison.UnusedExclusions, Is.Empty, "excluded members that no longer exist");
    }

    [Test]
    public void Every_count_that_goes_up_only_comes_back_from_the_image()
    {
        var counters = (TableStatistics)Fields.ChangeAll(new TableStatistics());
        var writer = new FieldWriter();
        counters.Write(writer);
        var back = new TableStatistics();
        var reader = new FieldReader(writer.Written);
        back.Read(ref reader);
        reader.End();
        Fields.ChangeAll(back, field => CountedAgain.Contains(Fields.Name(field)));
        Assert.That(Fields.Difference(counters, back), Is.Null);
    }

    [Test]
    public void Every_count_that_goes_up_only_begins_anew()
    {
        var counters = (TableStatistics)Fields.ChangeAll(new TableStatistics());
        counters.Reset();
        var fresh = Fields.ChangeAll(new TableStatistics(), field => CountedAgain.Contains(Fields.Name(field)));
        Assert.That(Fields.Difference(counters, fresh), Is.Null);
    }

    [Test]
    public void Every_count_is_there_for_those_who_watch()
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
}
