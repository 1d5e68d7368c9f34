using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>
/// The limit of 131072 bytes, separators included, for waiting and unacknowledged turns of one seat (PROTOCOL.md, "The
/// game").
/// </summary>
public sealed class BacklogLimitTests : TableFixture
{
    // Seven turns of 16000 bytes, each with a separator. RestBytes is what is left for two more turns and the separator
    // between them. <<x*N>> stands for N times x.
    private const int BigTurns = 7;
    private const int BigBytes = 16000;
    private const int RestBytes = ProtocolLimits.BacklogBytesMax - (BigTurns * (BigBytes + 1));
    private const int HalfOfRest = RestBytes / 2;

    [SetUp]
    public void FillAlmostToTheLimit()
    {
        Play(TableScript.Playing);
        for (var counter = 0; counter < BigTurns; counter++)
            Play($$"""6,<<{{counter}}*{{BigBytes}}>>,{ga},0,{{counter}} > 0/10/*""");
    }

    [Test]
    public void TurnsUpToTheLimit_AreAccepted_OneByteMoreIsRefused() => Play($$"""
        6,<<x*{{HalfOfRest}}>>,{ga},0,7            > 0/10/*
        6,<<y*{{RestBytes - HalfOfRest}}>>,{ga},0,8 > 21/*/*
        6,<<y*{{RestBytes - HalfOfRest - 1}}>>,{ga},0,8 > 0/10/*
        6,z,{ga},0,9 > 21/*/*
        6,,{ga},0,9  > 0/10/*
        6,,{gb},1,0  > 0/9/{{BigTurnsText()}}|<<x*{{HalfOfRest}}>>|<<y*{{RestBytes - HalfOfRest - 1}}>>
        """);

    [Test]
    public void RefusedUpdate_ChangesNothing_AndIsAcceptedOnceThereIsSpace() => Play($$"""
        6,b0,{gb},1,0 > 0/9/{{BigTurnsText()}}
        6,<<x*16000>>,{ga},0,7 > 0/9/b0
        6,b1,{gb},1,0 > 0/11/{{BigTurnsText()}}|<<x*16000>>
        6,<<y*16000>>,{ga},0,8 > 21/*/*
        6,<<y*16000>>,{ga},0,8 > 21/*/*
        6,<<x*16000>>,{ga},0,7 > 0/11/b0
        6,b1,{gb},1,1 > 0/10/*
        6,<<y*16000>>,{ga},0,8 > 0/9/b1
        6,,{gb},1,2   > 0/9/<<y*16000>>
        """);

    [Test]
    public void UnacknowledgedTurns_CountLikeWaitingOnes() => Play($$"""
        6,,{gb},1,0 > 0/9/{{BigTurnsText()}}
        6,<<x*16000>>,{ga},0,7 > 0/10/*
        6,<<y*16000>>,{ga},0,8 > 21/*/*
        6,,{gb},1,1 > 0/9/<<x*16000>>
        6,<<y*16000>>,{ga},0,8 > 0/10/*
        6,,{gb},1,1 > 0/11/<<x*16000>>|<<y*16000>>
        """);

    [Test]
    public void AfterThePartnerLeft_TurnsAreNeitherRefusedNorKept()
    {
        Play("""
            6,<<x*16000>>,{ga},0,7 > 0/10/*
            6,<<y*16000>>,{ga},0,8 > 21/*/*
            5,*,{gb},1,* > 0/1/*
            """);
        for (var counter = 8; counter < 20; counter++)
            Play($$"""6,<<y*16000>>,{ga},0,{{counter}} > 15/5/*""");
        Assert.That(Table.View(1).Games.Single().Seat1.BacklogBytes, Is.Zero);
    }

    private static string BigTurnsText() =>
        string.Join('|', Enumerable.Range(0, BigTurns).Select(turn => $"<<{turn}*{BigBytes}>>"));
}
