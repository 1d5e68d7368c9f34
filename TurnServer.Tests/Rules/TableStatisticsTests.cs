using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>The statistics of the table.</summary>
public sealed class TableStatisticsTests : TableFixture
{
    [Test]
    public void Players_are_counted_by_status()
    {
        Play(TableScript.Playing + """
            0,Cid,*,*,* > 0/0/{c}
            0,Dan,*,*,* > 0/0/{d}
            2,*,{c},*,* > 0/3/Dan
            0,Eve,*,*,* > 0/0/{e}
            """);
        var counters = Table.GetStatistics();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(counters.PlayersByStatus[(int)PlayerStatus.Playing], Is.EqualTo(2));
            Assert.That(counters.PlayersByStatus[(int)PlayerStatus.Paired], Is.EqualTo(2));
            Assert.That(counters.PlayersByStatus[(int)PlayerStatus.Waiting], Is.EqualTo(1));
            Assert.That((counters.Players, counters.Registrations), Is.EqualTo((5, 5L)));
            Assert.That((counters.Games, counters.GamesStarted), Is.EqualTo((1, 1L)));
        }
    }

    [Test]
    public void Turns_count_once_however_often_they_are_sent()
    {
        Play(TableScript.Playing + """
            6,abc,{ga},0,0 > 0/10/*
            6,abc,{ga},0,0 > 0/11/*
            6,,{ga},0,1    > 0/10/*
            6,de,{ga},0,2  > 0/10/*
            """);
        var counters = Table.GetStatistics();
        Assert.That((counters.Turns, counters.TurnBytes, counters.BacklogBytes), Is.EqualTo((2L, 5L, 6L)));
        Play("6,,{gb},1,0 > 0/9/abc|de");
        Assert.That(Table.GetStatistics().BacklogBytes, Is.EqualTo(6), "not acknowledged yet");
        Play("6,,{gb},1,1 > 0/10/*");
        Assert.That(Table.GetStatistics().BacklogBytes, Is.Zero);
    }

    [Test]
    public void A_turn_for_a_partner_who_left_is_not_counted()
    {
        Play(TableScript.Playing + """
            5,*,{gb},1,*   > 0/1/*
            6,abc,{ga},0,0 > 15/5/*
            """);
        Assert.That(Table.GetStatistics().Turns, Is.Zero);
    }

    [TestCase("+ 26", DropCause.SilentWaiting, 1, "0,Ann,*,*,* > 0/0/{a}")]
    [TestCase("+ 31", DropCause.SilentLoading, 2, TableScript.Paired)]
    [TestCase("+ 31", DropCause.SilentPlaying, 2, TableScript.Playing)]
    [TestCase("4,*,{a},*,* > 10/*/*", DropCause.OutOfStep, 1, TableScript.Paired)]
    [TestCase("", DropCause.PartnerLeft, 1, """
        0,Ann,*,Bob,*  > 0/0/{a}
        0,Bob,*,Ann,*  > 0/0/{b}
        2,*,{a},*,*    > 0/3/Bob
        1,*,{a},*,*    > 0/1/*
        2,*,{b},*,*    > 17/*/*
        """)]
    public void A_drop_is_counted_under_its_cause(string last, DropCause cause, int count, string before)
    {
        Play(before + "\n" + last);
        Table.Tick(Driver.Now);
        var drops = Table.GetStatistics().DropsByCause;
        Assert.That(drops[(int)cause], Is.EqualTo(count));
        Assert.That(drops.Sum(), Is.EqualTo(count), "nothing else was dropped");
    }

    [Test]
    public void A_game_beyond_the_limit_drops_both_players()
    {
        Use(new RulesOptions { GamesMax = 1 });
        Play(TableScript.Playing + """
            0,Cid,*,*,* > 0/0/{c}
            0,Dan,*,*,* > 0/0/{d}
            2,*,{d},*,* > 0/3/Cid
            2,*,{c},*,* > 0/4/Dan
            3,*,{c},*,* > 0/6/
            3,*,{d},*,* > 0/5/
            4,*,{c},*,* > 0/7/*
            4,*,{d},*,* > 12/*/*
            """);
        Assert.That(Table.GetStatistics().DropsByCause[(int)DropCause.GamesFull], Is.EqualTo(2));
    }

    [Test]
    public void Players_who_leave_are_not_counted_as_dropped()
    {
        Play(TableScript.Playing + """
            0,Cid,*,*,*  > 0/0/{c}
            1,*,{c},*,*  > 0/1/*
            5,*,{ga},0,* > 0/1/*
            5,*,{gb},1,* > 0/1/*
            """);
        Assert.That(Table.GetStatistics().DropsByCause.Sum(), Is.Zero);
    }
}
