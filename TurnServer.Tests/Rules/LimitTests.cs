using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>Limits on players, games and players of one address: errors 11, 12 and 22.</summary>
public sealed class LimitTests : TableFixture
{
    [Test]
    public void TooManyPlayers_IsError11_UntilOneLeaves()
    {
        Use(new RulesOptions { PlayersMax = 2 });
        Play("""
            0,Ann,*,*,t > 0/0/{a}
            0,Bob,*,Z,* > 0/0/{b}
            0,Cid,*,*,* > 11/*/*
            0,Ann,*,*,t > 0/0/{a}
            2,*,{a},*,* > 0/2/*
            1,*,{b},*,* > 0/1/*
            0,Cid,*,*,* > 0/0/{c}
            0,Dan,*,*,* > 11/*/*
            2,*,{a},*,* > 0/3/Cid
            """);
    }

    [Test]
    public void PlayingPlayers_AreNotCounted_AfterTheirFirstUpdate()
    {
        Use(new RulesOptions { PlayersMax = 2 });
        Play(TableScript.Playing + """
            0,Cid,*,*,* > 11/*/*
            6,,{ga},0,0 > 0/10/*
            0,Cid,*,*,* > 0/0/{c}
            0,Dan,*,*,* > 11/*/*
            """);
    }

    [Test]
    public void TooManyGames_IsError12_AndEndsBothRegistrations()
    {
        Use(new RulesOptions { GamesMax = 1 });
        Play(TableScript.Playing + """
            0,Cid,*,*,* > 0/0/{c}
            0,Dan,*,*,* > 0/0/{d}
            2,*,{d},*,* > 0/3/Cid
            3,*,{c},*,* > 0/6/
            3,*,{d},*,* > 0/5/
            4,*,{c},*,* > 0/7/*
            4,*,{d},*,* > 12/*/*
            4,*,{d},*,* > 5/*/*
            4,*,{c},*,* > 5/*/*
            4,*,{a},*,* > 0/8/{ga}|0
            """);
        Assert.That(Table.PlayerCount, Is.EqualTo(2));
    }

    [Test]
    public void TooManyGames_IsError12_AtOnceForAHeldReply()
    {
        Use(new RulesOptions { GamesMax = 1 });
        Play(TableScript.Playing + """
            0,Cid,*,Dan,* > 0/0/{c}
            0,Dan,*,Cid,* > 0/0/{d}
            2,*,{d},*,* > 0/3/Cid
            3,*,{c},*,* > 0/6/
            3,*,{d},*,* > 0/5/
            4,*,{c},*,* > held held 10
            4,*,{d},*,* > 12/*/*
            held        > 12/*/*
            2,*,{c},*,* > 5/*/*
            """);
    }

    [Test]
    public void Game_IsCountedUntilBothPlayersHaveLeft()
    {
        Use(new RulesOptions { GamesMax = 1 });
        const string TwoMore = """
            0,Cid,*,*,* > 0/0/{c$}
            0,Dan,*,*,* > 0/0/{d$}
            2,*,{d$},*,* > 0/3/Cid
            3,*,{c$},*,* > 0/6/
            3,*,{d$},*,* > 0/5/
            4,*,{c$},*,* > 0/7/*

            """;
        Play(TableScript.Playing + """
            5,*,{ga},0,* > 0/1/*

            """ + TwoMore.Replace('$', '1') + """
            4,*,{d1},*,* > 12/*/*
            5,*,{gb},1,* > 0/1/*

            """ + TwoMore.Replace('$', '2') + """
            4,*,{d2},*,* > 0/8/{gd}|0
            """);
        Assert.That(Table.GameCount, Is.EqualTo(1));
    }

    [Test]
    public void TooManyPlayersOfOneAddress_IsError22_UntilOneLeaves()
    {
        Use(new RulesOptions { PlayersPerAddressMax = 2 });
        Play("""
            0,Ann,*,*,* > 0/0/{a}
            0,Bob,*,Z,* > 0/0/{b}
            0,Cid,*,*,* > 22/*/*
            """);
        Driver.From = TableDriver.Address("198.51.100.1");
        Play("0,Cid,*,Z,* > 0/0/{c}");
        Driver.From = TableDriver.Address("203.0.113.1");
        Play("""
            1,*,{a},*,* > 0/1/*
            0,Dan,*,*,* > 0/0/{d}
            0,Eve,*,*,* > 22/*/*
            + 20
            2,*,{d},*,* > 0/2/*
            + 5
            0,Eve,*,*,* > 0/0/{e}
            0,Fay,*,*,* > 22/*/*
            """);
    }

    [Test]
    public void IPv6AddressesOfOneSubscriber_CountAsOneAddress()
    {
        Use(new RulesOptions { PlayersPerAddressMax = 1 });
        Driver.From = TableDriver.Address("2001:db8:1:2::1");
        Play("0,Ann,*,*,* > 0/0/{a}");
        Driver.From = TableDriver.Address("2001:db8:1:2::2");
        Play("0,Bob,*,*,* > 22/*/*");
        Driver.From = TableDriver.Address("2001:db8:1:3::1");
        Play("0,Bob,*,*,* > 0/0/{b}");
    }

    [TestCase("127.0.0.1")]
    [TestCase("127.1.2.3")]
    [TestCase("::1")]
    public void Loopback_HasNoLimit(string address)
    {
        Use(new RulesOptions { PlayersPerAddressMax = 1 });
        Driver.From = TableDriver.Address(address);
        Play("""
            0,Ann,*,*,* > 0/0/{a}
            0,Bob,*,*,* > 0/0/{b}
            0,Cid,*,*,* > 0/0/{c}
            """);
    }

    [Test]
    public void PlayersPerAddressMax_0_MeansNoLimit()
    {
        Use(new RulesOptions { PlayersPerAddressMax = 0 });
        Play("""
            0,Ann,*,*,* > 0/0/{a}
            0,Bob,*,*,* > 0/0/{b}
            """);
    }

    [Test]
    public void RepeatedRegistrationWithAToken_IsNotCounted()
    {
        Use(new RulesOptions { PlayersPerAddressMax = 2 });
        Play("""
            0,Ann,*,*,t > 0/0/{a}
            0,Ann,*,*,t > 0/0/{a}
            0,Ann,*,*,t > 0/0/{a}
            0,Bob,*,*,* > 0/0/{b}
            0,Ann,*,*,t > 0/0/{a}
            0,Cid,*,*,* > 22/*/*
            """);
    }

    [Test]
    public void PlayingPlayers_AreNotCountedForTheirAddress_AfterTheirFirstUpdate()
    {
        Use(new RulesOptions { PlayersPerAddressMax = 2 });
        Play(TableScript.Playing + """
            0,Cid,*,*,* > 22/*/*
            6,,{ga},0,0 > 0/10/*
            0,Cid,*,*,* > 0/0/{c}
            0,Dan,*,*,* > 22/*/*
            """);
    }

    [Test]
    public void RefusedRegistration_LeavesNoState()
    {
        Use(new RulesOptions { PlayersPerAddressMax = 1 });
        Play("""
            0,Ann,*,*,* > 0/0/{a}
            0,Bob,*,*,t > 22/*/*
            2,*,{a},*,* > 0/2/*
            1,*,{a},*,* > 0/1/*
            """);
        Assert.That(Table.IsEmpty);
    }
}
