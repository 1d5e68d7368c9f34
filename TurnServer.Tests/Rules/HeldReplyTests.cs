using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>Held replies (PROTOCOL.md, "Waiting for news").</summary>
public sealed class HeldReplyTests : TableFixture
{
    private const string OneWaits = "0,Ann,*,*,* > 0/0/{a}\n";
    private const string ReadyFirst = TableScript.Loading + "4,*,{b},*,* > 0/7/*\n";

    [Test]
    public void RequestPair_IsHeldUntilThereIsAPartner() => Play("""
        0,Ann,*,*,* > 0/0/{a}
        2,*,{a},*,* > held held 10
        + 5
        held is held
        0,Bob,*,*,* > 0/0/{b}
        held is held
        2,*,{b},*,* > 0/3/Ann
        held        > 0/4/Bob
        """);

    [Test]
    public void MapReady_IsHeldUntilThePartnerIsReady() => Play(TableScript.Loading + """
        4,*,{b},*,* > held held 10
        3,*,{a},*,* > 0/6/
        held is held
        4,*,{a},*,* > 0/8/{ga}|0
        held        > 0/8/{gb}|1
        4,*,{b},*,* > 0/8/{gb}|1
        """);

    [Test]
    public void Update_IsHeldUntilThereIsATurn() => Play(TableScript.Playing + """
        6,a0,{ga},0,0 > held held 10
        6,,{gb},1,0   > 0/9/a0
        held is held
        6,b1,{gb},1,1 > 0/10/*
        held          > 0/9/b1
        6,,{ga},0,0   > 0/11/b1
        6,,{ga},0,1   > 0/10/*
        """);

    [Test]
    public void RepeatedUpdate_IsHeldWhileItsBlockIsEmpty() => Play(TableScript.Playing + """
        6,,{ga},0,0   > 0/10/*
        6,,{ga},0,0   > held held 10
        6,b0,{gb},1,0 > 0/10/*
        held          > 0/11/b0
        6,,{ga},0,0   > 0/11/b0
        """);

    [Test]
    public void BothSeatsHold_ATurnReleasesOnlyThePartnersReply() => Play(TableScript.Playing + """
        6,,{ga},0,0   > held ann 10
        6,b0,{gb},1,0 > held bob 10
        ann           > 0/9/b0
        bob is held
        6,a1,{ga},0,1 > held ann 10
        bob           > 0/9/a1
        ann is held
        """);

    [TestCase(OneWaits, "2,*,{a},*,*", "0/2/*")]
    [TestCase(TableScript.Loading, "4,*,{a},*,*", "0/7/*")]
    [TestCase(TableScript.Playing, "6,,{ga},0,0", "0/10/*")]
    [TestCase(TableScript.Playing + "6,,{ga},0,0 > 0/10/*\n", "6,,{ga},0,0", "0/11/*")]
    public void HeldReply_WithoutNews_IsSentExactlyWhenTheWaitEnds(string before, string request, string reply) =>
        Play(before + $$"""
            {{request}} > held held 10
            + 9.9999999
            held is held
            + 0.0000001
            held > {{reply}}
            """);

    [TestCase(OneWaits, "2,*,{a},*,*", "0/2/*")]
    [TestCase(TableScript.Loading, "4,*,{a},*,*", "0/7/*")]
    [TestCase(TableScript.Playing, "6,,{ga},0,0", "0/10/*")]
    [TestCase(TableScript.Playing + "6,,{ga},0,0 > 0/10/*\n", "6,,{ga},0,0", "0/11/*")]
    public void RequestWithoutWait_IsNotHeld(string before, string request, string reply) =>
        Play(before + $"{request} > {reply}");

    [TestCase(OneWaits, "0,Bob,*,*,*")]
    [TestCase(OneWaits, "1,*,{a},*,*")]
    [TestCase(OneWaits, "3,*,{a},*,*", Description = "refused")]
    [TestCase(TableScript.Paired, "2,*,{a},*,*", Description = "there is news")]
    [TestCase(TableScript.Paired, "3,*,{a},*,*")]
    [TestCase(ReadyFirst, "4,*,{a},*,*")]
    [TestCase(TableScript.Playing, "4,*,{a},*,*")]
    [TestCase(TableScript.Playing, "6,,{ga},0,5", Description = "refused")]
    [TestCase(TableScript.Playing, "6,,{ga},1,0", Description = "refused")]
    [TestCase(TableScript.Playing, "5,*,{ga},0,*")]
    [TestCase(TableScript.Playing + "6,b,{gb},1,0 > 0/10/*\n", "6,,{ga},0,0", Description = "there is a turn")]
    [TestCase(TableScript.Playing + "5,*,{gb},1,* > 0/1/*\n", "6,,{ga},0,0", Description = "there is news")]
    public void ReplyWithNews_OrToAnotherSymbol_IsNeverHeld(string before, string request)
    {
        Play(before);
        var body = new[] { "a", "b", "ga", "gb" }
            .Where(name => request.Contains($"{{{name}}}", StringComparison.Ordinal))
            .Aggregate(request, (text, name) => text.Replace($"{{{name}}}", Script[name], StringComparison.Ordinal));
        Assert.That(Driver.Hold(body, 10).IsHeld, Is.False);
    }

    [TestCase(OneWaits, "2,*,{a},*,*", "0/2/*", "2,*,{a},*,*", "0/2/*")]
    [TestCase(OneWaits, "2,*,{a},*,*", "0/2/*", "1,*,{a},*,*", "0/1/*")]
    [TestCase(OneWaits, "2,*,{a},*,*", "0/2/*", "3,*,{a},*,*", "10/*/*")]
    [TestCase(TableScript.Loading, "4,*,{a},*,*", "0/7/*", "4,*,{a},*,*", "0/7/*")]
    [TestCase(TableScript.Loading, "4,*,{a},*,*", "0/7/*", "2,*,{a},*,*", "0/4/Bob")]
    [TestCase(TableScript.Loading, "4,*,{a},*,*", "0/7/*", "3,*,{a},*,*", "0/6/")]
    [TestCase(TableScript.Loading, "4,*,{a},*,*", "0/7/*", "1,*,{a},*,*", "0/1/*")]
    [TestCase(TableScript.Playing, "6,,{ga},0,0", "0/10/*", "6,,{ga},0,0", "0/11/*")]
    [TestCase(TableScript.Playing, "6,,{ga},0,0", "0/10/*", "6,,{ga},0,1", "0/10/*")]
    [TestCase(TableScript.Playing, "6,,{ga},0,0", "0/10/*", "6,,{ga},0,7", "19/*/*")]
    [TestCase(TableScript.Playing, "6,,{ga},0,0", "0/10/*", "5,*,{ga},0,*", "0/1/*")]
    public void FurtherRequest_ReleasesTheHeldReplyUnchanged(string before, string held, string heldReply,
        string further, string reply) => Play(before + $$"""
            {{held}} > held held 10
            {{further}} > {{reply}}
            held > {{heldReply}}
            """);

    [Test]
    public void Turns_GoOnlyToTheNewestRequest() => Play(TableScript.Playing + """
        6,,{ga},0,0   > held first 10
        6,,{ga},0,0   > held second 10
        first         > 0/10/*
        6,,{ga},0,0   > held third 10
        second        > 0/11/*
        6,b0,{gb},1,0 > 0/10/*
        third         > 0/11/b0
        """);

    [Test]
    public void HeldReply_IsNotReleasedByTheDeadlineOfAnEarlierOne() => Play("""
        0,Ann,*,*,* > 0/0/{a}
        2,*,{a},*,* > held first 5
        2,*,{a},*,* > held second 10
        + 5
        second is held
        + 5
        second > 0/2/*
        """);

    [Test]
    public void HeldReply_CountsAsHearingFromThePlayer() => Play("""
        0,Ann,*,*,* > 0/0/{a}
        2,*,{a},*,* > held held 100
        + 100
        held > 0/2/*
        + 24.9999999
        2,*,{a},*,* > 0/2/*
        2,*,{a},*,* > held held 100
        + 100
        + 25
        2,*,{a},*,* > 5/*/*
        """);

    [Test]
    public void HeldReply_CountsAsHearingFromTheSeat() => Play(TableScript.Playing + """
        6,,{ga},0,0 > held held 100
        + 20
        6,,{gb},1,0 > held bob 100
        + 80
        held > 0/10/*
        + 29.9999999
        6,,{ga},0,1 > 0/10/*
        bob > 0/10/*
        """);

    [TestCase("29.9999999", "0/6/")]
    [TestCase("30", "5/*/*")]
    public void HeldReply_ReleasedByNews_RestartsTheTimeout(string seconds, string reply) => Play($$"""
        0,Ann,*,*,* > 0/0/{a}
        2,*,{a},*,* > held held 100
        + 60
        0,Bob,*,*,* > 0/0/{b}
        2,*,{b},*,* > 0/3/Ann
        held > 0/4/Bob
        + {{seconds}}
        3,*,{a},*,* > {{reply}}
        """);

    [Test]
    public void PartnerDroppedOutOfStep_ReleasesTheHeldReply() => Play(TableScript.Paired + """
        3,*,{b},*,* > 0/5/
        4,*,{b},*,* > held held 10
        4,*,{a},*,* > 10/*/*
        held > 9/2/*
        2,*,{b},*,* > 0/2/*
        """);

    [Test]
    public void RandomPartnerLeaves_HeldReplyIsReleasedAtOnce_AndThePairingTimeoutApplies() => Play(
        TableScript.Loading + """
        4,*,{b},*,* > held held 100
        + 10
        1,*,{a},*,* > 0/1/*
        held > 9/2/*
        4,*,{b},*,* > 9/2/*
        + 25
        2,*,{b},*,* > 5/*/*
        """);

    [Test]
    public void NamedPartnerLeaves_HeldReplyIsReleasedAtOnce() => Play("""
        0,Ann,*,Bob,* > 0/0/{a}
        2,*,{a},*,* > held early 10
        0,Bob,*,Ann,* > 0/0/{b}
        2,*,{b},*,* > 0/3/Ann
        early       > 0/4/Bob
        3,*,{a},*,* > 0/6/
        4,*,{a},*,* > held held 10
        1,*,{b},*,* > 0/1/*
        held        > 17/*/*
        2,*,{a},*,* > 5/*/*
        """);

    [TestCase("5,*,{gb},1,*")]
    [TestCase("1,*,{b},*,*")]
    public void PartnerQuits_HeldReplyIsReleasedAtOnce(string quit) => Play(TableScript.Playing + $$"""
        6,,{ga},0,0 > held held 10
        {{quit}} > 0/1/*
        held > 15/5/*
        6,,{ga},0,0 > 15/5/*
        """);

    [Test]
    public void PartnerTimesOutInTheGame_HeldReplyIsReleasedAtOnce() => Play(TableScript.Playing + """
        6,,{ga},0,0 > held held 100
        + 29.9999999
        held is held
        + 0.0000001
        held > 15/*/*
        + 29
        6,,{ga},0,1 > 15/*/*
        """);

    [Test]
    public void PartnerTimesOutBeforeTheGame_HeldReplyIsReleasedAtOnce() => Play(TableScript.Loading + """
        4,*,{b},*,* > held held 100
        + 29.9999999
        held is held
        + 0.0000001
        held > 9/2/*
        """);

    [Test]
    public void ReleaseAll_ReleasesEveryHeldReplyUnchanged()
    {
        Play("""
            0,Cid,*,Dan,* > 0/0/{c}
            2,*,{c},*,*   > held waiting 100
            """ + "\n" + TableScript.Playing + """
            6,,{ga},0,0 > held update 100
            6,,{gb},1,0 > 0/10/*
            6,,{gb},1,0 > held repeat 100
            0,Eve,*,*,* > 0/0/{e}
            0,Fay,*,*,* > 0/0/{f}
            2,*,{f},*,* > 0/3/Eve
            3,*,{f},*,* > 0/5/
            4,*,{f},*,* > held ready 100
            """);
        Driver.ReleaseAll();
        Play("""
            waiting > 0/2/*
            update  > 0/10/*
            repeat  > 0/11/*
            ready   > 0/7/*
            """);
    }

    [Test]
    public void ShortWait_EndsBeforeALongTimeout()
    {
        Use(new RulesOptions { PairingTimeout = TimeSpan.FromHours(1) });
        Play("""
            0,Ann,*,*,* > 0/0/{a}
            2,*,{a},*,* > held held 1
            + 1
            held > 0/2/*
            1,*,{a},*,* > 0/1/*
            """);
    }
}
