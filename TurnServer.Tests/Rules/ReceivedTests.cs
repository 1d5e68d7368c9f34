using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>Updates with <c>Turn-Received</c> (PROTOCOL.md, "Saying what has arrived").</summary>
public sealed class ReceivedTests : TableFixture
{
    [SetUp]
    public void HandOutThreeTurns()
    {
        Play(TableScript.Playing);
        Play("""
            6,b0,{gb},1,0   > 0/10/*
            6,b11,{gb},1,1  > 0/10/*
            6,b222,{gb},1,2 > 0/10/*
            6,,{ga},0,0     > 0/9/b0|b11|b222
            6,b3333,{gb},1,3 > 0/10/*
            """);
    }

    [TestCase(0, "b0|b11|b222|b3333")]
    [TestCase(1, "b0|b11|b222|b3333")]
    [TestCase(2, "b11|b222|b3333")]
    [TestCase(5, "b11|b222|b3333")]
    [TestCase(6, "b222|b3333")]
    [TestCase(10, "b222|b3333")]
    [TestCase(11, "b3333")]
    [TestCase(int.MaxValue, "b3333")]
    public void NewCounter_WithPartOfTheBlockReceived_GetsTheRestAgain(int received, string block)
    {
        Assert.That(Driver.SendReceived($"6,,{Script["ga"]},0,1", received), Is.EqualTo($"0/9/{block}"));
        Play($$"""
            6,,{ga},0,1 > 0/11/{{block}}
            6,,{ga},0,2 > 0/10/*
            """);
    }

    [Test]
    public void LateDuplicateRequest_LosesNoTurn()
    {
        // The reply to counter 0 has arrived. Now comes a late copy of the request, whose reply is lost.
        Play("6,,{ga},0,0 > 0/11/b0|b11|b222|b3333");
        Assert.That(Driver.SendReceived($"6,a,{Script["ga"]},0,1", "b0|b11|b222".Length), Is.EqualTo("0/9/b3333"));
    }

    [Test]
    public void TurnSentBesideAHeldReply_GetsTheTurnsOfThatReply()
    {
        Play("""
            6,,{ga},0,1    > 0/9/b3333
            6,,{ga},0,2    > held news 10
            6,b4,{gb},1,4  > 0/10/*
            news           > 0/9/b4
            """);
        Assert.That(Driver.SendReceived($"6,a0,{Script["ga"]},0,3", 0), Is.EqualTo("0/9/b4"));
        Play("6,,{gb},1,5 > 0/9/a0");
    }

    [Test]
    public void RepeatedCounter_IgnoresTurnReceived()
    {
        Assert.That(Driver.SendReceived($"6,,{Script["ga"]},0,0", 2), Is.EqualTo("0/11/b0|b11|b222|b3333"));
    }

    [Test]
    public void AfterThePartnerLeft_UnreceivedTurnsAreDelivered()
    {
        Play("5,*,{gb},1,* > 0/1/*");
        Assert.That(Driver.SendReceived($"6,,{Script["ga"]},0,1", 6), Is.EqualTo("0/9/b222|b3333"));
        Play("6,,{ga},0,2 > 15/5/*");
    }
}
