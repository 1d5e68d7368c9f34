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
    private static readonly string[] CountedAgain = ["TableCounters._players", "TableCounters.BacklogBytes"];

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
            var crowd = new Crowd(chance);
            var table = new Table(Options, new SequentialKeySource());
            for (var act = 0; act < Acts; act++)
            {
                foreach (var answer in table.Apply(crowd.Next(), crowd.Now))
                    crowd.Hear(answer.Ticket, Crowd.Text(answer.Reply));
                if (!chance.Is(40))
                    continue;
                var back = TableSnapshotText.Read(TableSnapshotText.Parts(table), Options, new SequentialKeySource());
                Assert.That(comparison.Difference(table, back), Is.Null, $"seed {seed}, act {act}");
            }
        }

        Assert.That(comparison.Untested, Is.Empty, "members that had the same value in every table: the crowd must learn "
            + "to bring about others");
        Assert.That(comparison.LeftInVain, Is.Empty, "members that are left out and are no more");
    }

    [Test]
    public void Every_count_that_goes_up_only_comes_back_from_the_image()
    {
        var counters = (TableCounters)Members.WithOthers(new TableCounters());
        var writer = new FieldWriter();
        counters.Write(writer);
        var back = new TableCounters();
        var reader = new FieldReader(writer.Written);
        back.Read(ref reader);
        reader.End();
        Members.WithOthers(back, field => CountedAgain.Contains(Members.Name(field)));
        Assert.That(Members.Difference(counters, back), Is.Null);
    }

    [Test]
    public void Every_count_that_goes_up_only_begins_anew()
    {
        var counters = (TableCounters)Members.WithOthers(new TableCounters());
        counters.Reset();
        var fresh = Members.WithOthers(new TableCounters(), field => CountedAgain.Contains(Members.Name(field)));
        Assert.That(Members.Difference(counters, fresh), Is.Null);
    }

    [Test]
    public void Every_count_is_there_for_those_who_watch()
    {
        var number = 1_000_000;
        foreach (var field in Members.Of(typeof(TableCounters)))
        {
            var counters = new TableCounters();
            if (field.GetValue(counters) is Array array)
                array.SetValue(Convert.ChangeType(++number, array.GetType().GetElementType()!, null), 0);
            else
                field.SetValue(counters, Convert.ChangeType(++number, field.FieldType, null));
            Assert.That(JsonSerializer.Serialize(TableFigures.Of(counters, games: 0)), Does.Contain($"{number}"),
                Members.Name(field));
        }
    }
}
