using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>Seconds without a request (PROTOCOL.md, "Timeouts").</summary>
public sealed class TimeoutTests : TableFixture
{
    private const string Waiting = "0,Ann,*,*,* > 0/0/{a}\n";
    private const string LongWaiting = "0,Ann,bibbybabbis,*,* > 0/0/{a}\n";
    private const string LongPaired = LongWaiting + """
        0,Bob,bibbybabbis,*,* > 0/0/{b}
        2,*,{b},*,* > 0/3/Ann

        """;

    [TestCase(Waiting, "2,*,{a},*,* > 0/2/*", 25)]
    [TestCase(LongWaiting, "2,*,{a},*,* > 0/2/*", 180)]
    [TestCase(TableScript.Paired, "2,*,{a},*,* > 0/4/Bob", 30)]
    [TestCase(TableScript.Paired, "2,*,{b},*,* > 0/3/Ann", 30)]
    [TestCase(LongPaired, "2,*,{a},*,* > 0/4/Bob", 180)]
    [TestCase(TableScript.Loading, "3,*,{a},*,* > 0/6/", 30)]
    [TestCase(TableScript.Loading + "4,*,{a},*,* > 0/7/*\n", "4,*,{a},*,* > 0/7/*", 30)]
    [TestCase(TableScript.Playing, "4,*,{a},*,* > 0/8/{ga}|0", 30)]
    public void APlayer_IsGoneAfterItsTimeout_AndNotSooner(string before, string request, int seconds)
    {
        var gone = request[..request.IndexOf('>', StringComparison.Ordinal)] + "> 5/*/*";
        Play($"""
            + 1000
            {before}
            + {seconds - 1}.9999999
            {request}
            + {seconds}
            {gone}
            """);
    }

    [Test]
    public void ASeat_IsGoneAfterItsTimeout_AndNotSooner() => Play("+ 1000\n" + TableScript.Playing + """
        + 29.9999999
        6,,{ga},0,0 > 0/10/*
        6,,{gb},1,0 > 0/10/*
        + 30
        6,,{ga},0,1 > 13/*/*
        """);

    [Test]
    public void EachTimeout_IsItsFlags()
    {
        Use(new RulesOptions
        {
            PairingTimeout = TimeSpan.FromSeconds(2),
            LongPairingTimeout = TimeSpan.FromSeconds(7),
            LoadTimeout = TimeSpan.FromSeconds(3),
            GameTimeout = TimeSpan.FromSeconds(5),
        });
        APlayer_IsGoneAfterItsTimeout_AndNotSooner(Waiting, "2,*,{a},*,* > 0/2/*", 2);
        Use(Options(pairing: 2, load: 3, game: 5, longPairing: 7));
        APlayer_IsGoneAfterItsTimeout_AndNotSooner(TableScript.Paired, "2,*,{a},*,* > 0/4/Bob", 3);
        Use(Options(pairing: 2, load: 3, game: 5, longPairing: 7));
        APlayer_IsGoneAfterItsTimeout_AndNotSooner(LongPaired, "2,*,{a},*,* > 0/4/Bob", 7);
        Use(Options(pairing: 2, load: 3, game: 5, longPairing: 7));
        APlayer_IsGoneAfterItsTimeout_AndNotSooner(TableScript.Playing, "4,*,{a},*,* > 0/8/{ga}|0", 5);
    }

    [Test]
    public void ALoadTimeoutShorterThanThePairingTimeout_IsThePairingTimeout()
    {
        Use(Options(pairing: 9, load: 3, game: 5, longPairing: 20));
        APlayer_IsGoneAfterItsTimeout_AndNotSooner(TableScript.Loading, "3,*,{a},*,* > 0/6/", 9);
    }

    [Test]
    public void ASilentPlayer_IsNobodysPartner() => Play("""
        0,Ann,*,*,* > 0/0/{a}
        + 24
        0,Bob,*,*,* > 0/0/{b}
        + 1
        2,*,{b},*,* > 0/2/*
        """);

    [Test]
    public void OnePlayerSilentAmongMany_IsDroppedAlone() => Play("""
        0,Ann,*,Z,* > 0/0/{a}
        0,Bob,*,Z,* > 0/0/{b}
        0,Cid,*,Z,* > 0/0/{c}
        + 20
        2,*,{a},*,* > 0/2/*
        2,*,{c},*,* > 0/2/*
        + 5
        2,*,{b},*,* > 5/*/*
        2,*,{a},*,* > 0/2/*
        2,*,{c},*,* > 0/2/*
        """);

    [Test]
    public void WhoIsLeft_WaitsAgain_WithAWaitingOnesTimeout() => Play(TableScript.Paired + """
        1,*,{a},*,* > 0/1/*
        + 29
        2,*,{b},*,* > 9/2/*
        + 24.9999999
        2,*,{b},*,* > 0/2/*
        + 25
        2,*,{b},*,* > 5/*/*
        """);

    [Test]
    public void WhoIsLeft_AfterALongTimeOfLoading_StillHasAWaitingOnesTimeout() => Play(TableScript.Loading + """
        + 24
        3,*,{b},*,* > 0/5/
        3,*,{a},*,* > 0/6/
        + 1
        1,*,{a},*,* > 0/1/*
        3,*,{b},*,* > 9/2/*
        + 25
        2,*,{b},*,* > 5/*/*
        """);

    [Test]
    public void WhoIsLeft_AndNeverHearsOfIt_FallsSilentToo() => Play(TableScript.Paired + """
        1,*,{a},*,* > 0/1/*
        + 30
        2,*,{b},*,* > 5/*/*
        """);

    [Test]
    public void ToBePaired_IsNoRequestOfOnesOwn() => Play("""
        0,Ann,*,*,* > 0/0/{a}
        + 20
        0,Bob,*,*,* > 0/0/{b}
        2,*,{b},*,* > 0/3/Ann
        + 10
        2,*,{b},*,* > 9/2/*
        """);

    [Test]
    public void ThePlayersWhoPlay_HaveTheSeatsTimeoutAlone()
    {
        Use(Options(pairing: 2, load: 3, game: 50, longPairing: 7));
        Play(TableScript.Playing + """
            + 49
            4,*,{a},*,* > 0/8/{ga}|0
            """);
    }

    [Test]
    public void AMalformedOrUnknownRequest_IsNoSignOfLife() => Play("""
        0,Ann,*,*,* > 0/0/{a}
        + 20
        2,*,{a}     > 4/4/*
        6,,{a},0,0  > 13/*/*
        + 5
        2,*,{a},*,* > 5/*/*
        """);

    [Test]
    public void Apply_WithoutATick_DropsWhoWasSilentFirst()
    {
        Play(Waiting);
        Driver.Skip(TimeSpan.FromSeconds(25));
        Play("""
            0,Bob,*,*,* > 0/0/{b}
            2,*,{b},*,* > 0/2/*
            2,*,{a},*,* > 5/*/*
            """);
    }

    [Test]
    public void Apply_AtATimeBeforeOneSeen_CountsAsThat()
    {
        Play(Waiting + """
            + 20
            2,*,{a},*,* > 0/2/*
            """);
        Driver.Skip(TimeSpan.FromSeconds(-20));
        Play("2,*,{a},*,* > 0/2/*");
        Driver.Skip(TimeSpan.FromSeconds(44.9999999));
        Play("2,*,{a},*,* > 0/2/*");
    }

    [Test]
    public void NextDeadline_IsWhenTheEarliestFallsSilent_AndNullWhenNobodyIsThere()
    {
        Assert.That(Table.NextDeadline, Is.Null);
        Play("""
            + 5
            0,Ann,*,*,* > 0/0/{a}
            + 5
            0,Bob,*,Z,* > 0/0/{b}
            """);
        Assert.That(Table.NextDeadline, Is.EqualTo(TimeSpan.FromSeconds(30)));
        Play("2,*,{b},*,* > held held 3");
        Assert.That(Table.NextDeadline, Is.EqualTo(TimeSpan.FromSeconds(13)));
        Play("""
            1,*,{a},*,* > 0/1/*
            1,*,{b},*,* > 0/1/*
            """);
        Assert.That(Table.NextDeadline, Is.Null);
    }

    private static RulesOptions Options(double pairing, double load, double game, double longPairing) => new()
    {
        PairingTimeout = TimeSpan.FromSeconds(pairing),
        LoadTimeout = TimeSpan.FromSeconds(load),
        GameTimeout = TimeSpan.FromSeconds(game),
        LongPairingTimeout = TimeSpan.FromSeconds(longPairing),
    };
}
