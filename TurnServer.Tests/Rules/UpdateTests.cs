using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>Updates, counters and the delivery of turns (PROTOCOL.md, "The game").</summary>
public sealed class UpdateTests : TableFixture
{
    [SetUp]
    public void StartGame() => Play(TableScript.Playing);

    [Test]
    public void Turns_AreHandedOutOnce_OldestFirst() => Play("""
        6,a0,{ga},0,0 > 0/10/*
        6,a1,{ga},0,1 > 0/10/*
        6,b0,{gb},1,0 > 0/9/a0|a1
        6,b1,{gb},1,1 > 0/10/*
        6,,{ga},0,2   > 0/9/b0|b1
        6,,{ga},0,3   > 0/10/*
        """);

    [Test]
    public void Turn_IsRelayedByteForByte() => Play("""
        6,{"m":[1,2]}|/*,{ga},0,0 > 0/10/*
        6,é🎲,{gb},1,0 > 0/9/{"m":[1,2]}|/*
        6,,{ga},0,1    > 0/9/é🎲
        """);

    [Test]
    public void RepeatedUpdate_IsNotAcceptedAgain_AndGetsTheBlockAgain() => Play("""
        6,a0,{ga},0,0    > 0/10/*
        6,other,{ga},0,0 > 0/11/*
        6,b0,{gb},1,0    > 0/9/a0
        6,b0,{gb},1,0    > 0/11/a0
        6,,{gb},1,0      > 0/11/a0
        6,,{ga},0,1      > 0/9/b0
        6,,{ga},0,1      > 0/11/b0
        """);

    [Test]
    public void RepeatedUpdate_GetsTheBlockAndNewTurns() => Play("""
        6,a0,{ga},0,0 > 0/10/*
        6,,{gb},1,0   > 0/9/a0
        6,a1,{ga},0,1 > 0/10/*
        6,,{gb},1,0   > 0/11/a0|a1
        6,a2,{ga},0,2 > 0/10/*
        6,a3,{ga},0,3 > 0/10/*
        6,,{gb},1,0   > 0/11/a0|a1|a2|a3
        6,,{gb},1,0   > 0/11/a0|a1|a2|a3
        6,a4,{ga},0,4 > 0/10/*
        6,,{gb},1,1   > 0/9/a4
        6,,{gb},1,1   > 0/11/a4
        6,,{gb},1,2   > 0/10/*
        6,,{gb},1,2   > 0/11/*
        """);

    [TestCase("6,x,{ga},0,1", "19/*/*", Description = "starts past 0")]
    [TestCase("6,x,{ga},0,9223372036854775807", "19/*/*")]
    public void FirstCounterAhead_IsRefused_AndChangesNothing(string update, string refusal) => Play($$"""
        {{update}}    > {{refusal}}
        6,,{gb},1,0   > 0/10/*
        6,a0,{ga},0,0 > 0/10/*
        6,,{gb},1,1   > 0/9/a0
        """);

    [TestCase("0", "18/*/*")]
    [TestCase("1", "18/*/*")]
    [TestCase("2", "0/11/b0")]
    [TestCase("4", "19/*/*")]
    [TestCase("9223372036854775807", "19/*/*")]
    public void OtherCounter_IsBehindOrAhead_AndChangesNothing(string counter, string reply) => Play($$"""
        6,a0,{ga},0,0 > 0/10/*
        6,a1,{ga},0,1 > 0/10/*
        6,b0,{gb},1,0 > 0/9/a0|a1
        6,a2,{ga},0,2 > 0/9/b0
        6,x,{ga},0,{{counter}} > {{reply}}
        6,,{ga},0,2   > 0/11/b0
        6,a3,{ga},0,3 > 0/10/*
        6,,{gb},1,0   > 0/11/a0|a1|a2|a3
        """);

    [Test]
    public void TheTwoSeats_HaveSeparateCounters() => Play("""
        6,,{ga},0,0 > 0/10/*
        6,,{ga},0,1 > 0/10/*
        6,,{gb},1,1 > 19/*/*
        6,,{gb},1,0 > 0/10/*
        """);

    [TestCase("5,*,{gb},1,* > 0/1/*", "15/5/*")]
    [TestCase("1,*,{b},*,* > 0/1/*", "15/5/*")]
    public void PartnerLeft_ItsTurnsAreDelivered_ThenError15EachTime(string leave, string news) => Play($$"""
        6,a0,{ga},0,0 > 0/10/*
        {{leave}}
        6,a1,{ga},0,1 > {{news}}
        6,a1,{ga},0,1 > {{news}}
        6,a2,{ga},0,2 > {{news}}
        6,a3,{ga},0,3 > {{news}}
        6,a3,{ga},0,3 > {{news}}
        6,a9,{ga},0,9 > 19/*/*
        6,a0,{ga},0,0 > 18/*/*
        6,,{ga},0,4   > {{news}}
        """);

    [Test]
    public void PartnerQuit_ItsTurnsAreDeliveredUntilAcknowledged() => Play("""
        6,b0,{gb},1,0 > 0/10/*
        6,b1,{gb},1,1 > 0/10/*
        6,,{ga},0,0   > 0/9/b0|b1
        6,b2,{gb},1,2 > 0/10/*
        5,*,{gb},1,*  > 0/1/*
        6,,{ga},0,0   > 0/11/b0|b1|b2
        6,,{ga},0,0   > 0/11/b0|b1|b2
        6,,{ga},0,1   > 15/5/*
        6,,{ga},0,1   > 15/5/*
        """);

    [Test]
    public void PartnerTimedOut_ItsTurnsAreDelivered_ThenError15() => Play("""
        6,b0,{gb},1,0 > 0/10/*
        + 20
        6,a0,{ga},0,0 > 0/9/b0
        + 10
        6,,{ga},0,0   > 0/11/b0
        6,,{ga},0,1   > 15/*/*
        6,,{ga},0,1   > 15/*/*
        6,,{ga},0,2   > 15/*/*
        + 30
        6,,{ga},0,2   > 13/*/*
        """);

    [Test]
    public void SeatThatQuit_GetsError14_UntilTheGameEnds() => Play("""
        5,*,{ga},0,*  > 0/1/*
        5,*,{ga},0,*  > 14/*/*
        6,a0,{ga},0,0 > 14/*/*
        5,*,{gb},1,*  > 0/1/*
        5,*,{ga},0,*  > 13/*/*
        6,,{ga},0,0   > 13/*/*
        6,,{gb},1,0   > 13/*/*
        """);

    [Test]
    public void TimedOutSeat_GetsError14() => Play("""
        + 20
        6,,{gb},1,0  > 0/10/*
        + 10
        6,,{ga},0,0  > 14/*/*
        5,*,{ga},0,* > 14/*/*
        """);

    [Test]
    public void UnknownKey_IsError13Or5() => Play("""
        6,,123456,0,0  > 13/*/*
        5,*,123456,0,* > 13/*/*
        2,*,123456,*,* > 5/*/*
        6,,18446744073709551616,0,0 > 13/*/*
        2,*,18446744073709551616,*,* > 5/*/*
        """);

    [Test]
    public void TheKeyOfTheOtherSeat_ChangesNothing() => Play("""
        6,,{ga},0,0     > held held 100
        6,forged,{ga},1,0 > 14/*/*
        6,forged,{ga},1,1 > 14/*/*
        6,forged,{gb},0,1 > 14/*/*
        5,*,{gb},0,*    > 14/*/*
        5,*,{ga},1,*    > 14/*/*
        held is held
        6,b0,{gb},1,0   > 0/10/*
        held            > 0/9/b0
        6,,{gb},1,1     > 0/10/*
        """);

    [TestCase("6,,{ga},1,0")]
    [TestCase("6,,{gb},0,0")]
    [TestCase("5,*,{ga},1,*")]
    [TestCase("5,*,{gb},0,*")]
    public void TheKeyOfTheOtherSeat_RestartsNeitherTimeout(string forged) => Play($$"""
        + 29
        {{forged}}  > 14/*/*
        + 1
        6,,{ga},0,0 > 13/*/*
        6,,{gb},1,0 > 13/*/*
        """);
}
