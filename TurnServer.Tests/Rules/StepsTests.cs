using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>The steps from waiting to playing, repeats, and partners who leave (PROTOCOL.md, "Pairing").</summary>
public sealed class StepsTests : TableFixture
{
    // Bob is paired, loading or ready when Ann leaves.
    private static readonly string[] StepsOfBob =
        ["", "3,*,{b},*,* > 0/5/", "3,*,{b},*,* > 0/5/\n4,*,{b},*,* > 0/7/*"];

    [Test]
    public void Symbols2To4_RepeatedAtEveryLaterStep_GiveTheSameReplies() => Play(TableScript.Paired + """
        2,*,{b},*,* > 0/3/Ann
        3,*,{b},*,* > 0/5/
        2,*,{b},*,* > 0/3/Ann
        3,*,{b},*,* > 0/5/
        2,*,{a},*,* > 0/4/Bob
        3,*,{a},*,* > 0/6/
        3,*,{a},*,* > 0/6/
        4,*,{b},*,* > 0/7/*
        4,*,{b},*,* > 0/7/*
        2,*,{b},*,* > 0/3/Ann
        3,*,{b},*,* > 0/5/
        2,*,{a},*,* > 0/4/Bob
        4,*,{a},*,* > 0/8/{ga}|0
        2,*,{a},*,* > 0/4/Bob
        3,*,{a},*,* > 0/6/
        4,*,{a},*,* > 0/8/{ga}|0
        2,*,{b},*,* > 0/3/Ann
        3,*,{b},*,* > 0/5/
        4,*,{b},*,* > 0/8/{gb}|1
        4,*,{b},*,* > 0/8/{gb}|1
        """);

    [Test]
    public void PlayerReadyLast_HasSeat0_WhoeverHosts() => Play(TableScript.Loading + """
        4,*,{a},*,* > 0/7/*
        4,*,{b},*,* > 0/8/{gb}|0
        4,*,{a},*,* > 0/8/{ga}|1
        """);

    [Test]
    public void TheTwoSeats_HaveDifferentKeys()
    {
        Play(TableScript.Playing);
        Assert.That(Script["ga"], Is.Not.EqualTo(Script["gb"]));
    }

    [TestCase("3,*,{a},*,*", Description = "3 before paired")]
    [TestCase("4,*,{a},*,*", Description = "4 before paired")]
    public void SymbolOutOfStep_WhileWaiting_EndsTheRegistration(string request) => Play($$"""
        0,Ann,*,*,* > 0/0/{a}
        {{request}} > 10/*/*
        {{request}} > 5/*/*
        2,*,{a},*,* > 5/*/*
        0,Bob,*,*,* > 0/0/{b}
        2,*,{b},*,* > 0/2/*
        """);

    [Test]
    public void Symbol4Before3_EndsTheRegistration_AndThePartnerIsTold() => Play(TableScript.Paired + """
        4,*,{a},*,* > 10/*/*
        4,*,{a},*,* > 5/*/*
        3,*,{b},*,* > 9/2/*
        2,*,{b},*,* > 0/2/*
        """);

    [Test]
    public void RandomPartnerLeaves_AtAnyStep_TheNextRequestGetsError9(
        [ValueSource(nameof(StepsOfBob))] string steps, [Values("2", "3", "4")] string symbol) =>
        Play(TableScript.Paired + $$"""
            3,*,{a},*,* > 0/6/
            {{steps}}
            1,*,{a},*,* > 0/1/*
            {{symbol}},*,{b},*,* > 9/2/*
            2,*,{b},*,* > 0/2/*
            1,*,{b},*,* > 0/1/*
            """);

    [Test]
    public void NamedPartnerLeaves_AtAnyStep_TheNextRequestGetsError17_AndThePlayerIsDropped(
        [ValueSource(nameof(StepsOfBob))] string steps, [Values("2", "3", "4")] string symbol) =>
        Play($$"""
            0,Ann,*,Bob,* > 0/0/{a}
            0,Bob,*,Ann,* > 0/0/{b}
            2,*,{b},*,* > 0/3/Ann
            {{steps}}
            1,*,{a},*,* > 0/1/*
            {{symbol}},*,{b},*,* > 17/*/*
            {{symbol}},*,{b},*,* > 5/*/*
            """);

    [Test]
    public void PlayerWhosePartnerLeft_MayUnregister() => Play(TableScript.Paired + """
        1,*,{a},*,* > 0/1/*
        1,*,{b},*,* > 0/1/*
        2,*,{b},*,* > 5/*/*
        """);

    [TestCase("3")]
    [TestCase("4")]
    public void LostError9_IsRepeated_UntilTheNextSymbol2(string symbol) => Play(TableScript.Loading + $$"""
        1,*,{a},*,* > 0/1/*
        {{symbol}},*,{b},*,* > 9/2/*
        {{symbol}},*,{b},*,* > 9/2/*
        3,*,{b},*,* > 9/2/*
        4,*,{b},*,* > 9/2/*
        2,*,{b},*,* > 0/2/*
        {{symbol}},*,{b},*,* > 10/*/*
        """);

    [TestCase("3")]
    [TestCase("4")]
    public void LostError9_IsRepeated_EvenWithANewPartner(string symbol) => Play(
        TableScript.Loading + $$"""
        1,*,{a},*,* > 0/1/*
        {{symbol}},*,{b},*,* > 9/2/*
        0,Cid,*,*,* > 0/0/{c}
        2,*,{c},*,* > 0/3/Bob
        {{symbol}},*,{b},*,* > 9/2/*
        {{symbol}},*,{b},*,* > 9/2/*
        2,*,{b},*,* > 0/4/Cid
        3,*,{b},*,* > 0/6/
        3,*,{c},*,* > 0/5/
        """);

    [Test]
    public void LostError9_IsRepeated_WhenTheNewPartnerLeavesToo() => Play(TableScript.Loading + """
        1,*,{a},*,* > 0/1/*
        4,*,{b},*,* > 9/2/*
        0,Cid,*,*,* > 0/0/{c}
        2,*,{c},*,* > 0/3/Bob
        1,*,{c},*,* > 0/1/*
        4,*,{b},*,* > 9/2/*
        4,*,{b},*,* > 9/2/*
        2,*,{b},*,* > 0/2/*
        """);

    [Test]
    public void Unregister_DuringTheGame_LeavesTheGame() => Play(TableScript.Playing + """
        6,a0,{ga},0,0 > 0/10/*
        1,*,{b},*,*   > 0/1/*
        1,*,{b},*,*   > 5/*/*
        6,,{gb},1,0   > 14/*/*
        6,a1,{ga},0,1 > 15/5/*
        5,*,{ga},0,*  > 0/1/*
        6,a1,{ga},0,1 > 13/*/*
        """);

    [TestCase("6,,{ga},0,0 > 0/10/*")]
    [TestCase("6,,{ga},0,5 > 19/*/*")]
    [TestCase("5,*,{ga},0,* > 0/1/*")]
    public void PairingKey_IsValidUntilTheFirstSymbol5Or6(string first) => Play(TableScript.Playing + $$"""
        4,*,{a},*,* > 0/8/{ga}|0
        4,*,{a},*,* > 0/8/{ga}|0
        {{first}}
        4,*,{a},*,* > 5/*/*
        1,*,{a},*,* > 5/*/*
        4,*,{b},*,* > 0/8/{gb}|1
        """);

    [Test]
    public void Symbol5Or6WithTheWrongSeat_KeepsThePairingKeyValid() => Play(TableScript.Playing + """
        6,,{ga},1,0  > 14/*/*
        5,*,{ga},1,* > 14/*/*
        4,*,{a},*,*  > 0/8/{ga}|0
        4,*,{b},*,*  > 0/8/{gb}|1
        """);

    [Test]
    public void TimedOutSeat_EndsThePairingKey() => Play(TableScript.Playing + """
        + 20
        6,,{gb},1,0 > 0/10/*
        + 10
        4,*,{a},*,* > 5/*/*
        """);

    [Test]
    public void RequestWithThePairingKey_RestartsTheSeatsTimeout() => Play(TableScript.Playing + """
        + 20
        6,,{gb},1,0 > 0/10/*
        4,*,{a},*,* > 0/8/{ga}|0
        + 29
        6,,{ga},0,0 > 0/10/*
        """);
}
