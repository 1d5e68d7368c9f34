using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>Pairing (PROTOCOL.md, "Pairing").</summary>
public sealed class PairingTests : TableFixture
{
    [Test]
    public void PlayerWhoNamedNoOne_IsPairedWithTheLongestWaiting_AndHosts() => Play("""
        0,First,*,*,*  > 0/0/{a}
        0,Second,*,*,* > 0/0/{b}
        0,Third,*,*,*  > 0/0/{c}
        0,Fourth,*,*,* > 0/0/{d}
        2,*,{b},*,*    > 0/3/First
        2,*,{d},*,*    > 0/3/Third
        2,*,{a},*,*    > 0/4/Second
        2,*,{c},*,*    > 0/4/Fourth
        """);

    [Test]
    public void FirstPlayer_IsPairedWithTheSecond_NotWithItself() => Play("""
        0,Ann,*,*,* > 0/0/{a}
        2,*,{a},*,* > 0/2/*
        0,Bob,*,*,* > 0/0/{b}
        0,Cid,*,*,* > 0/0/{c}
        2,*,{a},*,* > 0/3/Bob
        """);

    [Test]
    public void UnregisteredPlayer_IsNotPaired() => Play("""
        0,Ann,*,*,* > 0/0/{a}
        0,Bob,*,*,* > 0/0/{b}
        0,Cid,*,*,* > 0/0/{c}
        1,*,{b},*,* > 0/1/*
        1,*,{a},*,* > 0/1/*
        0,Dan,*,*,* > 0/0/{d}
        2,*,{d},*,* > 0/3/Cid
        """);

    [Test]
    public void NamesNeedNotBeUnique() => Play("""
        0,Ann,*,*,* > 0/0/{a}
        0,Ann,*,*,* > 0/0/{b}
        2,*,{b},*,* > 0/3/Ann
        2,*,{a},*,* > 0/4/Ann
        """);

    [Test]
    public void PlayerWhoNamedAPartner_IsPairedWithTheLongestWaitingOfThatName_WhoNamedIt() => Play("""
        0,Bob,*,*,*   > 0/0/{stranger}
        0,Bob,*,Cid,* > 0/0/{other}
        0,Bob,*,Ann,* > 0/0/{b}
        0,Bob,*,Ann,* > 0/0/{b2}
        0,Ann,*,Bob,* > 0/0/{a}
        2,*,{a},*,*   > 0/3/Bob
        2,*,{b2},*,*  > 0/2/*
        2,*,{other},*,*    > 0/2/*
        2,*,{stranger},*,* > 0/2/*
        2,*,{b},*,*   > 0/4/Ann
        """);

    [Test]
    public void TwoPlayersWhoNameTheirOwnName_ArePaired() => Play("""
        0,Ann,*,Ann,* > 0/0/{a}
        2,*,{a},*,*   > 0/2/*
        0,Ann,*,Ann,* > 0/0/{b}
        2,*,{a},*,*   > 0/3/Ann
        2,*,{b},*,*   > 0/4/Ann
        """);

    [Test]
    public void Names_AreCaseSensitive() => Play("""
        0,Ann,*,bob,* > 0/0/{a}
        0,Bob,*,Ann,* > 0/0/{b}
        2,*,{a},*,*   > 0/2/*
        2,*,{b},*,*   > 0/2/*
        """);

    [TestCase("a", "b", Description = "the player whose partner left asks")]
    [TestCase("b", "a", Description = "the player who left asks")]
    public void PlayerWhoLeftBeforeTheGame_IsNotPairedWithTheSamePartnerAgain(string left, string leaver)
    {
        Play(TableScript.Paired);
        var (leftKey, leaverKey) = (Script[left], Script[leaver]);
        var name = leaver == "a" ? "Ann" : "Bob";
        Play($$"""
            1,*,{{leaverKey}},*,* > 0/1/*
            2,*,{{leftKey}},*,* > 9/2/*
            0,{{name}},*,*,*    > 0/0/{again}
            2,*,{{leftKey}},*,* > 0/2/*
            2,*,{again},*,*     > 0/2/*
            2,*,{{leftKey}},*,* > 0/2/*
            0,Cid,*,*,*         > 0/0/{c}
            2,*,{again},*,*     > 0/3/Cid
            """);
    }

    [Test]
    public void PlayerWhoLeftBeforeTheGame_IsPairedAgain_FromAnotherAddress()
    {
        Play(TableScript.Paired + """
            1,*,{a},*,* > 0/1/*
            2,*,{b},*,* > 9/2/*
            """);
        Driver.From = TableDriver.Address("198.51.100.1");
        Play("""
            0,Ann,*,*,* > 0/0/{again}
            2,*,{b},*,* > 0/3/Ann
            """);
    }

    [Test]
    public void AnotherNameFromTheSameAddress_IsPaired() => Play(TableScript.Paired + """
        1,*,{a},*,* > 0/1/*
        2,*,{b},*,* > 9/2/*
        0,Ann2,*,*,* > 0/0/{c}
        2,*,{b},*,* > 0/3/Ann2
        """);

    [Test]
    public void PlayersWhoNamedEachOther_MayBePairedAgain() => Play("""
        0,Ann,*,Bob,* > 0/0/{a}
        0,Bob,*,Ann,* > 0/0/{b}
        2,*,{b},*,*   > 0/3/Ann
        1,*,{a},*,*   > 0/1/*
        2,*,{b},*,*   > 17/*/*
        0,Ann,*,Bob,* > 0/0/{a2}
        0,Bob,*,Ann,* > 0/0/{b2}
        2,*,{a2},*,*  > 0/3/Bob
        """);

    [Test]
    public void PlayerWhosePartnerLeft_KeepsItsPlaceInTheQueue() => Play(TableScript.Paired + """
        0,Cid,*,*,* > 0/0/{c}
        0,Dan,*,*,* > 0/0/{d}
        1,*,{b},*,* > 0/1/*
        2,*,{a},*,* > 9/2/*
        2,*,{d},*,* > 0/3/Ann
        2,*,{c},*,* > 0/2/*
        2,*,{a},*,* > 0/4/Dan
        """);

    [Test]
    public void TwoPlayersWhosePartnersLeft_WaitInTheOrderOfRegistration() => Play("""
        0,Ann,*,*,*  > 0/0/{a}
        0,Bob,*,*,*  > 0/0/{b}
        0,Cid,*,*,*  > 0/0/{c}
        0,Dan,*,*,*  > 0/0/{d}
        0,Eve,*,*,*  > 0/0/{e}
        2,*,{b},*,*  > 0/3/Ann
        2,*,{d},*,*  > 0/3/Cid
        1,*,{d},*,*  > 0/1/*
        2,*,{c},*,*  > 9/2/*
        1,*,{b},*,*  > 0/1/*
        2,*,{a},*,*  > 9/2/*
        2,*,{e},*,*  > 0/3/Ann
        2,*,{a},*,*  > 0/4/Eve
        2,*,{c},*,*  > 0/2/*
        """);

    [Test]
    public void PlayerWhosePartnerLeft_IsNotPaired_BeforeItIsTold() => Play(TableScript.Paired + """
        1,*,{a},*,* > 0/1/*
        0,Cid,*,*,* > 0/0/{c}
        2,*,{c},*,* > 0/2/*
        2,*,{b},*,* > 9/2/*
        2,*,{c},*,* > 0/3/Bob
        """);

    [Test]
    public void Player_KeepsItsExclusions_ThroughManyPartners()
    {
        Play("0,Ann,*,*,* > 0/0/{a}");
        for (var i = 0; i < Player.ExclusionsMax; i++)
        {
            Play($$"""
                0,P{{i}},*,*,* > 0/0/{p{{i}}}
                2,*,{a},*,*    > 0/3/P{{i}}
                1,*,{p{{i}}},*,* > 0/1/*
                2,*,{a},*,*    > 9/2/*
                """);
        }

        Play("""
            0,P0,*,*,*  > 0/0/{again}
            2,*,{a},*,* > 0/2/*
            """);
    }
}
