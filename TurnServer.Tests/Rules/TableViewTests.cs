using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>The view of players and games for display.</summary>
public sealed class TableViewTests : TableFixture
{
    private const string Address = "203.0.113.1";

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Test]
    public void View_OfPlayers_ShowsTheirState()
    {
        Play("""
            0,Ann,*#p,*,* > 0/0/0
            0,Bob,*#<b>"'&,Zoë,* > 0/0/1
            + 5
            0,Cid,*#p,*,* > 0/0/2
            2,*,2,*,* > 0/3/Ann
            3,*,2,*,* > 0/5/
            2,*,1,*,* > held held 10
            0,Dan,*,*,* > 0/0/3
            + 1
            0,Eve,*,*,* > 0/0/4
            """);
        var view = Table.View(10);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(view.PlayerCount, Is.EqualTo(5));
            Assert.That(view.GameCount, Is.Zero);
            Assert.That(view.Games, Is.Empty);
            Assert.That(view.Players, Is.EquivalentTo((PlayerView[])
            [
                new(0, "Ann", Address, PlayerStatus.Paired, IsHost: false, "Cid", "p", 6 * Second, 24 * Second),
                new(1, "Bob", Address, PlayerStatus.Waiting, IsHost: null, "Zoë", "<b>\"'&", 6 * Second,
                    TimeLeft: null),
                new(2, "Cid", Address, PlayerStatus.Loading, IsHost: true, "Ann", "p", Second, 29 * Second),
                new(3, "Dan", Address, PlayerStatus.Waiting, IsHost: null, Partner: null, Pool: null, Second,
                    24 * Second),
                new(4, "Eve", Address, PlayerStatus.Waiting, IsHost: null, Partner: null, Pool: null, TimeSpan.Zero,
                    25 * Second),
            ]));
        }
    }

    [Test]
    public void View_OfAPlayerWhosePartnerLeft_HasNoPartner()
    {
        Play(TableScript.Paired + "1,*,{a},*,* > 0/1/*");
        Assert.That(Table.View(10).Players, Is.EqualTo((PlayerView[])
        [
            new(1, "Bob", Address, PlayerStatus.Deserted, IsHost: null, Partner: null, Pool: null, TimeSpan.Zero,
                30 * Second),
        ]));
    }

    [Test]
    public void View_OfAGame_IsItsSeats()
    {
        Play(TableScript.Playing.Replace(",*,*,*", ",*#p,*,*", StringComparison.Ordinal) + """
            + 10
            6,abc,{ga},0,0 > 0/10/*
            6,de,{ga},0,1  > held held 20
            + 2
            """);
        Driver.Tick();
        var view = Table.View(10);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(view.GameCount, Is.EqualTo(1));
            Assert.That(view.Games, Is.EqualTo((GameView[])
            [
                new("p", 12 * Second, new SeatView(2, "Ann", Address, 1, 0, Left: null, TimeLeft: null),
                    new SeatView(3, "Bob", Address, -1, 6, Left: null, 18 * Second)),
            ]));
            Assert.That(view.Players, Is.EqualTo((PlayerView[])
                [new(1, "Bob", Address, PlayerStatus.Playing, IsHost: true, "Ann", "p", 12 * Second, TimeLeft: null)]));
        }
    }

    [TestCase("5,*,{ga},0,* > 0/1/*", "quit")]
    [TestCase("+ 20\n6,,{gb},1,0 > 0/10/*\n+ 10", "fell silent")]
    public void View_OfASeatThatWasLeft_SaysHow(string leave, string left)
    {
        Play(TableScript.Playing + leave);
        var seat = Table.View(10).Games.Single().Seat0;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(seat.Left, Is.EqualTo(left));
            Assert.That(seat.TimeLeft, Is.Null);
            Assert.That(Table.View(10).Games.Single().Seat1.Left, Is.Null);
        }
    }

    [Test]
    public void View_OfMoreThanIsAskedFor_ListsSoMany_AndCountsAll()
    {
        for (var i = 0; i < 2; i++)
            Play((TableScript.Playing + "6,,{ga},0,0 > 0/10/*\n").Replace("}", i + "}", StringComparison.Ordinal));
        var view = Table.View(1);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(view.PlayerCount, Is.EqualTo(2));
            Assert.That(view.GameCount, Is.EqualTo(2));
            Assert.That(view.Players, Has.Count.EqualTo(1));
            Assert.That(view.Games, Has.Count.EqualTo(1));
        }
    }
}
