using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>Keys are never reused while in use (PROTOCOL.md, "Keys").</summary>
public sealed class KeyTests : TableFixture
{
    [Test]
    public void SequentialKeys_CountUpFrom0() => Play("""
        0,Ann,*,*,* > 0/0/0
        0,Bob,*,*,* > 0/0/1
        2,*,0,*,*   > 0/3/Bob
        3,*,0,*,*   > 0/5/
        3,*,1,*,*   > 0/6/
        4,*,0,*,*   > 0/7/*
        4,*,1,*,*   > 0/8/2|0
        4,*,0,*,*   > 0/8/3|1
        """);

    [Test]
    public void PairingKeyInUse_IsNotReused_UntilItsPlayerLeaves()
    {
        Use(new RulesOptions(), new ListedKeys(7, 7, 7, 8, 8, 7, 9, 7));
        Play("""
            0,Ann,*,X,* > 0/0/7
            0,Bob,*,X,* > 0/0/8
            0,Cid,*,X,* > 0/0/9
            1,*,7,*,*   > 0/1/*
            0,Dan,*,X,* > 0/0/7
            """);
    }

    [Test]
    public void SeatKeyInUse_IsNotReused_NotEvenForThePartner()
    {
        Use(new RulesOptions(), new ListedKeys(1, 2, 5, 5, 6, 3, 4, 6, 5, 7, 5, 8));
        Play("""
            0,Ann,*,*,* > 0/0/1
            0,Bob,*,*,* > 0/0/2
            2,*,1,*,*   > 0/3/Bob
            3,*,1,*,*   > 0/5/
            3,*,2,*,*   > 0/6/
            4,*,1,*,*   > 0/7/*
            4,*,2,*,*   > 0/8/5|0
            4,*,1,*,*   > 0/8/6|1
            0,Cid,*,*,* > 0/0/3
            0,Dan,*,*,* > 0/0/4
            2,*,3,*,*   > 0/3/Dan
            3,*,3,*,*   > 0/5/
            3,*,4,*,*   > 0/6/
            4,*,3,*,*   > 0/7/*
            5,*,5,0,*   > 0/1/*
            4,*,4,*,*   > 0/8/7|0
            4,*,3,*,*   > 0/8/8|1
            """);
    }

    [Test]
    public void SequentialKeySource_StaysBelow2Pow53()
    {
        var keys = new SequentialKeySource();
        var drawn = Enumerable.Range(0, 1000).Select(_ => keys.Draw());
        Assert.That(drawn, Is.Ordered.And.All.LessThan(ProtocolLimits.KeyEnd));
    }

    /// <summary>A source of the given keys, in order.</summary>
    private sealed class ListedKeys(params ulong[] keys) : IKeySource
    {
        private int _next;

        public ulong Draw() => keys[_next++];
    }
}
