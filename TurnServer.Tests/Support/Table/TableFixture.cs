using TurnServer.Rules;

namespace TurnServer.Tests.Support;

/// <summary>
/// Tests of the rules. Each has its own table; after each, every player times out and the table must be empty.
/// </summary>
public abstract class TableFixture
{
    private const double LongerThanAnyTimeoutSeconds = 1000;

    /// <summary>The table of this test.</summary>
    private protected TableScript Script { get; private set; } = null!;

    private protected TableDriver Driver => Script.Driver;

    private protected Table Table => Script.Table;

    [SetUp]
    public void CreateTable() => Use(new RulesOptions());

    [TearDown]
    public void AssertEverythingExpires()
    {
        Driver.Advance(LongerThanAnyTimeoutSeconds);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Driver.HeldCount, Is.Zero, "held replies");
            Assert.That(Table.PlayerCount, Is.Zero, "players");
            Assert.That(Table.GameCount, Is.Zero, "games");
            Assert.That(Table.NextDeadline, Is.Null, "deadlines");
            Assert.That(Table.IsEmpty);
            Assert.That(Table.GetStatistics().PlayersByStatus, Is.All.Zero, "players by status");
            Assert.That(Table.GetStatistics().BacklogBytes, Is.Zero, "backlog bytes");
        }
    }

    /// <summary>Replaces the table by one with these options and keys.</summary>
    private protected void Use(RulesOptions options, IKeySource? keys = null) =>
        Script = new TableScript(options, keys);

    /// <summary>Plays lines of a <see cref="TableScript"/>.</summary>
    private protected void Play(string lines) => Script.Play(lines);
}
