using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>The search through players and games, step by step.</summary>
public sealed class TableSearchTests : TableFixture
{
    [TestCase("", "Ann Bob Cid")]
    [TestCase("b", "Bob")]
    [TestCase("B", "Bob")]
    [TestCase("zOË", "Bob")]
    [TestCase("nn", "Ann")]
    [TestCase("203.0", "Ann Bob Cid")]
    [TestCase("3.0", "")]
    [TestCase("Dan", "")]
    [TestCase("I>\"'&", "Cid")]
    public void Search_MatchesPartsOfNamesPartnersNamesAndPools_AndPrefixesOfAddresses(string text, string names)
    {
        Play("""
            0,Ann,*,*,* > 0/0/0
            0,Bob,*,Zoë,* > 0/0/1
            0,Cid,*#<i>"'&,*,* > 0/0/2
            """);
        var found = Search(text);
        Assert.That(found.View.Players.Select(player => player.Name), Is.EquivalentTo(names.Split(' ',
            StringSplitOptions.RemoveEmptyEntries)));
        Assert.That(found.PlayersMatching, Is.EqualTo(found.View.Players.Count));
        Assert.That(found.View.PlayerCount, Is.EqualTo(3));
    }

    [Test]
    public void Search_ByThePartnersName_FindsThePlayer()
    {
        Play(TableScript.Paired);
        Assert.That(Search("ann").View.Players.Select(player => player.Name), Is.EquivalentTo(["Ann", "Bob"]));
    }

    [TestCase("Ann", 1)]
    [TestCase("bob", 1)]
    [TestCase("", 1)]
    [TestCase("203.0.113.1", 1)]
    [TestCase("Cid", 0)]
    public void Search_OfGames_MatchesEitherSeat(string text, int count)
    {
        Play(TableScript.Playing);
        var found = Search(text);
        Assert.That(found.View.Games, Has.Count.EqualTo(count));
        Assert.That(found.GamesMatching, Is.EqualTo(count));
        if (count == 1)
            Assert.That(found.View.Games, Is.EqualTo(Table.View(1).Games), "the same as in the whole view");
    }

    [TestCase("P", 1)]
    [TestCase("r-1", 1)]
    [TestCase("r-2", 0)]
    public void Search_OfGames_MatchesThePool(string text, int count)
    {
        Play(TableScript.Playing.Replace(",*,*,*", ",*#Pair-1,*,*", StringComparison.Ordinal));
        Assert.That(Search(text).View.Games, Has.Count.EqualTo(count));
    }

    [TestCase("")]
    [TestCase("P")]
    public void Search_WithMoreMatchesThanRows_ListsTheFirst_AndCountsAll(string text)
    {
        for (var i = 0; i < 50; i++)
            Driver.Register($"P{i}");
        var found = Search(text, rows: 7);
        Assert.That(found.View.Players, Has.Count.EqualTo(7));
        Assert.That(found.PlayersMatching, Is.EqualTo(50));
    }

    [Test]
    public void Search_WhileThePlayersChange_DoesNotListThoseWhoLeft()
    {
        var keys = Enumerable.Range(0, 20).Select(i => Driver.Register($"P{i}")).ToList();
        var search = new TableSearch("p", 100);
        Assert.That(Table.Continue(search, 5), Is.Null, "copying the references");
        Assert.That(Table.Continue(search, 5), Is.Null, "examining the first few");
        Assert.That(Driver.Send($"1,*,{keys[19]},*,*"), Is.EqualTo("0/1/*"));
        Driver.Register("P-late");
        var found = Search(search);
        Assert.That(found.View.Players.Select(player => player.Name),
            Is.EquivalentTo(Enumerable.Range(0, 19).Select(i => $"P{i}")));
        Assert.That(found.View.PlayerCount, Is.EqualTo(20));
    }

    [Test]
    public void Search_WhileAGameEnds_DoesNotListIt()
    {
        Play(TableScript.Playing);
        var search = new TableSearch("ann", 100);
        for (var i = 0; i < 2; i++)
            Assert.That(Table.Continue(search, 100), Is.Null, "up to copying the references of games");
        Play("""
            5,*,{ga},0,* > 0/1/*
            5,*,{gb},1,* > 0/1/*
            """);
        Assert.That(Search(search).View.Games, Is.Empty);
    }

    [Test]
    public void Search_InSmallSteps_FindsTheSame()
    {
        for (var i = 0; i < 100; i++)
            Driver.Register($"P{i}");
        var search = new TableSearch("P9", 100);
        var steps = 1;
        TableMatches? found;
        while ((found = Table.Continue(search, 10)) is null)
            steps++;
        Assert.That(found.PlayersMatching, Is.EqualTo(11));
        Assert.That(steps, Is.GreaterThanOrEqualTo(12));
    }

    private TableMatches Search(string text, int rows = 100) => Search(new TableSearch(text, rows));

    private TableMatches Search(TableSearch search)
    {
        for (var steps = 0; steps < 1000; steps++)
        {
            if (Table.Continue(search, 100) is { } found)
                return found;
        }

        throw new InvalidOperationException("The search did not end.");
    }
}
