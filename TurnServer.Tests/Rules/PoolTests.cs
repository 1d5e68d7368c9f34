using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>Players are paired within their pool (PROTOCOL.md, "Pools").</summary>
public sealed class PoolTests : TableFixture
{
    [Test]
    public void A_million_pools_that_were_used_once_leave_nothing_behind()
    {
        for (var i = 0; i < 1_000_000; i += 2)
        {
            Leave(Register($"0,Ann,*#{i},*,t"));
            Leave(Register($"0,Ann,*#{i + 1},Bob,*"));
        }

        Assert.That(Table.IsEmpty);
        Assert.That(Table.GetWaiting("7"), Is.EqualTo(default(WaitingLine)));

        string Register(string body) => Driver.Send(body)["0/0/".Length..];

        void Leave(string key) => Assert.That(Driver.Send($"1,*,{key},*,*"), Is.EqualTo("0/1/*"));
    }

    [Test]
    public void ExpiringExclusion_PairsWithinThePoolOnly() => Play("""
        0,Ann,*#p,*,*  > 0/0/{a}
        0,Bob,*#p,*,*  > 0/0/{b}
        2,*,{b},*,*    > 0/3/Ann
        1,*,{b},*,*    > 0/1/*
        2,*,{a},*,*    > 9/2/*
        0,Bob,*#p,*,*  > 0/0/{c}
        0,Cid,*,*,*    > 0/0/{d}
        2,*,{c},*,*    > 0/2/*
        2,*,{a},*,*    > 0/2/*
        2,*,{d},*,*    > 0/2/*
        """);

    [Test]
    public void WaitingLine_CountsFromTheRegistrationOfTheFirst()
    {
        Play("0,Ann,*#p,*,* > 0/0/{a}");
        Driver.Advance(12.9);
        Play("""
            0,Bob,*#p,*,* > 0/0/{b}
            2,*,{a},*,*   > 0/3/Bob
            """);
        Assert.That(Table.GetWaiting("p").ToString(), Is.EqualTo("0 0"));
        Play("1,*,{b},*,* > 0/1/*");
        Assert.That(Table.GetWaiting("p").ToString(), Is.EqualTo("0 0"), "not told yet");
        Play("2,*,{a},*,* > 9/2/*");
        Assert.That(Table.GetWaiting("p").ToString(), Is.EqualTo("1 12"));
    }
}
