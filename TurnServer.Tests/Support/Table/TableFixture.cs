using TurnServer.Rules;

namespace TurnServer.Tests.Support;

/// <summary>
/// Tests of the rules: each gets a table of its own, and at the end of each everyone falls silent and nothing is left
/// of them.
/// </summary>
public abstract class TableFixture
{
    private const double LongerThanAnyTimeoutSeconds = 1000;

    /// <summary>The table of this test.</summary>
    private protected TableScript Script { get; private set; } = null!;

    private protected TableDriver Driver => Script.Driver;

    private protected Table Table => Script.Table;

    [SetUp]
    public void StartAnew() => Use(new RulesOptions());

    [TearDown]
    public void NothingIsLeft()
    {
        Driver.Advance(LongerThanAnyTimeoutSeconds);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Driver.HeldCount, Is.Zero, "held replies");
            Assert.That(Table.PlayerCount, Is.Zero, "players");
            Assert.That(Table.GameCount, Is.Zero, "games");
            Assert.That(Table.NextDeadline, Is.Null, "deadlines");
            Assert.That(Table.IsEmpty);
            Assert.That(Table.Count().PlayersByStatus, Is.All.Zero, "players by status");
            Assert.That(Table.Count().BacklogBytes, Is.Zero, "backlog bytes");
        }
    }

    /// <summary>Takes another table, with these options and keys.</summary>
    private protected void Use(RulesOptions options, IKeySource? keys = null) =>
        Script = new TableScript(options, keys);

    /// <summary>Plays a table of actions: <see cref="TableScript"/>.</summary>
    private protected void Play(string lines) => Script.Play(lines);
}
