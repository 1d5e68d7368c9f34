using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>A registration with a token may be repeated (PROTOCOL.md, "Pairing").</summary>
public sealed class TokenTests : TableFixture
{
    [Test]
    public void SameNamePartnerAndToken_GiveTheSameKey() => Play("""
        0,Ann,*,*,t  > 0/0/{a}
        0,Ann,*,*,t  > 0/0/{a}
        0,Ann,*,Bob,t > 0/0/{b}
        0,Ann,*,Bob,t > 0/0/{b}
        2,*,{a},*,*  > 0/2/*
        """);

    [Test]
    public void OtherNamePartnerOrToken_IsAnotherPlayer()
    {
        Play("""
            0,Ann,*,*,t   > 0/0/{a}
            0,Ann,*,*,T   > 0/0/{b}
            0,ann,*,*,t   > 0/0/{c}
            0,Ann,*,Bob,t > 0/0/{d}
            """);
        string[] keys = [Script["a"], Script["b"], Script["c"], Script["d"]];
        Assert.That(keys, Is.Unique);
    }

    [Test]
    public void WithoutAToken_EachRegistrationIsAnotherPlayer()
    {
        Play("""
            0,Ann,*,*,* > 0/0/{a}
            0,Ann,*,*,* > 0/0/{b}
            0,Ann,*,*   > 0/0/{c}
            """);
        string[] keys = [Script["a"], Script["b"], Script["c"]];
        Assert.That(keys, Is.Unique);
    }

    [Test]
    public void RepeatAtALaterStep_GivesTheSameKey_AndChangesNothing() => Play("""
        0,Ann,*,*,t > 0/0/{a}
        0,Bob,*,*,u > 0/0/{b}
        2,*,{b},*,* > 0/3/Ann
        0,Ann,*,*,t > 0/0/{a}
        3,*,{a},*,* > 0/6/
        0,Ann,*,*,t > 0/0/{a}
        0,Bob,*,*,u > 0/0/{b}
        3,*,{b},*,* > 0/5/
        4,*,{a},*,* > 0/7/*
        4,*,{b},*,* > 0/8/{gb}|0
        0,Ann,*,*,t > 0/0/{a}
        4,*,{a},*,* > 0/8/{ga}|1
        """);

    [TestCase("1,*,{a},*,* > 0/1/*")]
    [TestCase("3,*,{a},*,* > 10/*/*")]
    [TestCase("+ 25")]
    public void TokenOfAnEndedRegistration_IsFree(string end)
    {
        Play($$"""
            0,Ann,*,*,t > 0/0/{a}
            {{end}}
            0,Ann,*,*,t > 0/0/{b}
            2,*,{b},*,* > 0/2/*
            """);
        Assert.That(Script["b"], Is.Not.EqualTo(Script["a"]));
    }

    [Test]
    public void Token_AfterTheFirstUpdate_IsFree()
    {
        Play("""
            0,Ann,*,*,t > 0/0/{a}
            0,Bob,*,*,* > 0/0/{b}
            2,*,{b},*,* > 0/3/Ann
            3,*,{b},*,* > 0/5/
            3,*,{a},*,* > 0/6/
            4,*,{b},*,* > 0/7/*
            4,*,{a},*,* > 0/8/{ga}|0
            6,,{ga},0,0 > 0/10/*
            0,Ann,*,*,t > 0/0/{a2}
            """);
        Assert.That(Script["a2"], Is.Not.EqualTo(Script["a"]));
    }

    [Test]
    public void Repeat_RestartsTheTimeout() => Play("""
        0,Ann,*,*,t > 0/0/{a}
        + 24
        0,Ann,*,*,t > 0/0/{a}
        + 24
        2,*,{a},*,* > 0/2/*
        """);

    [Test]
    public void RepeatDuringTheGame_RestartsTheSeatsTimeout() => Play("""
        0,Ann,*,*,t > 0/0/{a}
        0,Bob,*,*,* > 0/0/{b}
        2,*,{b},*,* > 0/3/Ann
        3,*,{b},*,* > 0/5/
        3,*,{a},*,* > 0/6/
        4,*,{b},*,* > 0/7/*
        4,*,{a},*,* > 0/8/{ga}|0
        + 20
        0,Ann,*,*,t > 0/0/{a}
        + 20
        6,,{ga},0,0 > 15/*/*
        """);

    [Test]
    public void Repeat_ReleasesTheHeldReplyUnchanged() => Play("""
        0,Ann,*,*,t > 0/0/{a}
        2,*,{a},*,* > held first 10
        0,Ann,*,*,t > 0/0/{a}
        first       > 0/2/*
        """);

    [Test]
    public void RepeatWithAnotherKeyField_KeepsTheFirstTimeout() => Play("""
        0,Ann,*,*,t           > 0/0/{a}
        0,Ann,bibbybabbis,*,t > 0/0/{a}
        + 25
        2,*,{a},*,*           > 5/*/*
        """);
}
