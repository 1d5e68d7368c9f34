using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>
/// A player who left before the game is not paired with the same partner again for the load timeout after it left
/// (PROTOCOL.md, "Pairing").
/// </summary>
public sealed class ExclusionTests : TableFixture
{
    // Ann has left Bob and registered again as {c}; Bob has been told.
    private const string Left = TableScript.Paired + """
        1,*,{a},*,* > 0/1/*
        2,*,{b},*,* > 9/2/*
        0,Ann,*,*,* > 0/0/{c}

        """;

    [TestCase("b", "Ann", "c", "Bob", Description = "the player whose partner left asks")]
    [TestCase("c", "Bob", "b", "Ann", Description = "the player who left asks")]
    public void TwoPollingPlayers_ArePairedAgain_ExactlyWhenTheExclusionExpires(string first, string found,
        string second, string other)
    {
        Play(Left);
        var (asking, asked) = (Script[first], Script[second]);
        Play($"""
            + 20
            2,*,{asking},*,* > 0/2/*
            2,*,{asked},*,*  > 0/2/*
            + 9.9999999
            2,*,{asked},*,*  > 0/2/*
            2,*,{asking},*,* > 0/2/*
            + 0.0000001
            2,*,{asking},*,* > 0/3/{found}
            2,*,{asked},*,*  > 0/4/{other}
            """);
    }

    [Test]
    public void TwoHeldReplies_ArePairedExactlyWhenTheExclusionExpires() => Play(Left + """
        2,*,{b},*,* > held bob 60
        2,*,{c},*,* > held ann 60
        + 29.9999999
        bob is held
        ann is held
        + 0.0000001
        bob > 0/3/Ann
        ann > 0/4/Bob
        3,*,{b},*,* > 0/5/
        3,*,{c},*,* > 0/6/
        """);

    [TestCase("b", "Ann", "c", "Bob", Description = "of the player whose partner left")]
    [TestCase("c", "Bob", "b", "Ann", Description = "of the player who left")]
    public void OneHeldReply_PairsBothPlayers(string held, string found, string polls, string other)
    {
        Play(Left);
        var (holding, polling) = (Script[held], Script[polls]);
        Play($"""
            2,*,{holding},*,* > held reply 60
            + 20
            2,*,{polling},*,* > 0/2/*
            + 10
            reply > 0/3/{found}
            2,*,{polling},*,* > 0/4/{other}
            """);
    }

    // Same name and address, as in a household or behind an untrusted proxy.
    [Test]
    public void OneHeldReply_IsPairedWithAPollingPlayer_WhoseExclusionExpires() => Play("""
        0,Player,*,*,* > 0/0/{a}
        0,Player,*,*,* > 0/0/{b}
        2,*,{b},*,* > 0/3/Player
        1,*,{b},*,* > 0/1/*
        2,*,{a},*,* > 9/2/*
        0,Player,*,*,* > 0/0/{c}
        0,Player,*,*,* > 0/0/{d}
        2,*,{d},*,* > 0/3/Player
        1,*,{d},*,* > 0/1/*
        2,*,{c},*,* > 9/2/*
        0,Player,*,*,* > 0/0/{e}
        2,*,{e},*,* > held eve 60
        + 20
        2,*,{a},*,* > 0/2/*
        2,*,{c},*,* > 0/2/*
        + 10
        eve > 0/3/Player
        2,*,{a},*,* > 0/4/Player
        """);

    [Test]
    public void HeldReplyEndingWithTheExclusion_IsReleasedUnchanged_AndTheNextSymbol2Pairs() => Play(Left + """
        2,*,{c},*,* > held ann 30
        + 20
        2,*,{b},*,* > 0/2/*
        + 10
        ann > 0/2/*
        2,*,{b},*,* > 0/3/Ann
        2,*,{c},*,* > 0/4/Bob
        """);

    [Test]
    public void ExpiringExclusions_PairTheLongestWaitingFirst() => Play("""
        0,Ann,*,*,* > 0/0/{a}
        0,Bob,*,*,* > 0/0/{b}
        0,Cid,*,*,* > 0/0/{c}
        0,Dan,*,*,* > 0/0/{d}
        2,*,{d},*,* > 0/3/Ann
        1,*,{d},*,* > 0/1/*
        2,*,{a},*,* > 9/2/*
        2,*,{c},*,* > 0/3/Ann
        1,*,{c},*,* > 0/1/*
        2,*,{a},*,* > 9/2/*
        2,*,{b},*,* > 0/3/Ann
        1,*,{b},*,* > 0/1/*
        2,*,{a},*,* > 9/2/*
        2,*,{a},*,* > held ann 60
        + 20
        0,Bob,*,*,*  > 0/0/{b2}
        0,Dan,*,*,*  > 0/0/{d2}
        + 10
        ann > 0/3/Bob
        2,*,{d2},*,* > 0/2/*
        """);

    [Test]
    public void PlayerWhoLeavesTwice_IsExcludedFromTheSecondTimeOn()
    {
        Use(new RulesOptions { PairingTimeout = TimeSpan.FromSeconds(100) });
        Play(Left + """
            + 30
            2,*,{b},*,* > 0/3/Ann
            + 20
            1,*,{c},*,* > 0/1/*
            2,*,{b},*,* > 9/2/*
            0,Ann,*,*,* > 0/0/{d}
            + 29.9999999
            2,*,{b},*,* > 0/2/*
            + 0.0000001
            2,*,{b},*,* > 0/3/Ann
            """);
    }

    [Test]
    public void PlayersOfOneNameAndAddress_AreExcludedForNoLonger() => Play("""
        0,Player,*,*,* > 0/0/{a}
        0,Player,*,*,* > 0/0/{b}
        2,*,{a},*,*    > 0/3/Player
        1,*,{a},*,*    > 0/1/*
        2,*,{b},*,*    > 9/2/*
        0,Player,*,*,* > 0/0/{c}
        2,*,{b},*,*    > held one 60
        2,*,{c},*,*    > held other 60
        + 29.9
        one is held
        + 0.1
        one > 0/3/Player
        other > 0/4/Player
        """);

    [Test]
    public void PlayerWhoTimesOut_IsExcludedFromThenOn() => Play(TableScript.Paired + """
        + 20
        2,*,{b},*,* > 0/3/Ann
        + 10
        2,*,{b},*,* > 9/2/*
        0,Ann,*,*,* > 0/0/{c}
        2,*,{b},*,* > held bob 60
        + 20
        2,*,{c},*,* > 0/2/*
        + 9.9999999
        bob is held
        + 0.0000001
        bob > 0/3/Ann
        """);

    [Test]
    public void ExclusionThatExpiresWhilePaired_IsRemoved() => Play(Left + """
        0,Cid,*,*,* > 0/0/{d}
        2,*,{b},*,* > 0/3/Cid
        + 20
        2,*,{b},*,* > 0/3/Cid
        2,*,{c},*,* > held ann 60
        + 9
        1,*,{d},*,* > 0/1/*
        + 1
        2,*,{b},*,* > 9/2/*
        ann is held
        2,*,{b},*,* > 0/3/Ann
        ann > 0/4/Bob
        """);

    [Test]
    public void TimeLeftOfAWaitingPlayer_IgnoresItsExclusions()
    {
        Use(new RulesOptions { LoadTimeout = TimeSpan.FromSeconds(10) });
        Play(Left);
        Assert.That(Table.View(9).Players.Select(player => player.TimeLeft),
            Is.All.EqualTo(new RulesOptions().PairingTimeout));
    }

    [Test]
    public void ExclusionOfADroppedPlayer_LeavesNoDeadline()
    {
        Play(Left + "+ 26\n2,*,{b},*,* > 5/*/*");
        Assert.That(Table.NextDeadline, Is.Null);
    }
}
