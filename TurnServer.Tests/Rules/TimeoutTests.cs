using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>Timeouts (PROTOCOL.md, "Timeouts").</summary>
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
    public void Player_IsDroppedExactlyAtItsTimeout(string before, string request, int seconds)
    {
        var dropped = request[..request.IndexOf('>', StringComparison.Ordinal)] + "> 5/*/*";
        Play($"""
            + 1000
            {before}
            + {seconds - 1}.9999999
            {request}
            + {seconds}
            {dropped}
            """);
    }

    [Test]
    public void Seat_IsDroppedExactlyAtItsTimeout() => Play("+ 1000\n" + TableScript.Playing + """
        + 29.9999999
        6,,{ga},0,0 > 0/10/*
        6,,{gb},1,0 > 0/10/*
        + 30
        6,,{ga},0,1 > 13/*/*
        """);

    [Test]
    public void EachTimeout_IsThatOfItsOption()
    {
        Use(new RulesOptions
        {
            PairingTimeout = TimeSpan.FromSeconds(2),
            LongPairingTimeout = TimeSpan.FromSeconds(7),
            LoadTimeout = TimeSpan.FromSeconds(3),
            GameTimeout = TimeSpan.FromSeconds(5),
        });
        Player_IsDroppedExactlyAtItsTimeout(Waiting, "2,*,{a},*,* > 0/2/*", 2);
        Use(Options(pairing: 2, load: 3, game: 5, longPairing: 7));
        Player_IsDroppedExactlyAtItsTimeout(TableScript.Paired, "2,*,{a},*,* > 0/4/Bob", 3);
        Use(Options(pairing: 2, load: 3, game: 5, longPairing: 7));
        Player_IsDroppedExactlyAtItsTimeout(LongPaired, "2,*,{a},*,* > 0/4/Bob", 7);
        Use(Options(pairing: 2, load: 3, game: 5, longPairing: 7));
        Player_IsDroppedExactlyAtItsTimeout(TableScript.Playing, "4,*,{a},*,* > 0/8/{ga}|0", 5);
    }

    [Test]
    public void LoadTimeoutShorterThanThePairingTimeout_IsThePairingTimeout()
    {
        Use(Options(pairing: 9, load: 3, game: 5, longPairing: 20));
        Player_IsDroppedExactlyAtItsTimeout(TableScript.Loading, "3,*,{a},*,* > 0/6/", 9);
    }

    [Test]
    public void TimedOutPlayer_IsNotPaired() => Play("""
        0,Ann,*,*,* > 0/0/{a}
        + 24
        0,Bob,*,*,* > 0/0/{b}
        + 1
        2,*,{b},*,* > 0/2/*
        """);

    [Test]
    public void OneTimedOutPlayerOfMany_IsTheOnlyOneDropped() => Play("""
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
    public void PlayerWhosePartnerLeft_WaitsAgain_WithThePairingTimeout() => Play(TableScript.Paired + """
        1,*,{a},*,* > 0/1/*
        + 29
        2,*,{b},*,* > 9/2/*
        + 24.9999999
        2,*,{b},*,* > 0/2/*
        + 25
        2,*,{b},*,* > 5/*/*
        """);

    [Test]
    public void PlayerWhosePartnerLeft_AfterLoading_HasTheFullPairingTimeout() => Play(TableScript.Loading + """
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
    public void PlayerWhosePartnerLeft_WhoSendsNothing_TimesOut() => Play(TableScript.Paired + """
        1,*,{a},*,* > 0/1/*
        + 30
        2,*,{b},*,* > 5/*/*
        """);

    [Test]
    public void BeingPaired_DoesNotRestartTheTimeout() => Play("""
        0,Ann,*,*,* > 0/0/{a}
        + 20
        0,Bob,*,*,* > 0/0/{b}
        2,*,{b},*,* > 0/3/Ann
        + 10
        2,*,{b},*,* > 9/2/*
        """);

    [Test]
    public void PlayingPlayers_HaveOnlyTheSeatsTimeout()
    {
        Use(Options(pairing: 2, load: 3, game: 50, longPairing: 7));
        Play(TableScript.Playing + """
            + 49
            4,*,{a},*,* > 0/8/{ga}|0
            """);
    }

    [Test]
    public void MalformedOrUnknownRequest_DoesNotRestartTheTimeout() => Play("""
        0,Ann,*,*,* > 0/0/{a}
        + 20
        2,*,{a}     > 4/4/*
        6,,{a},0,0  > 13/*/*
        + 5
        2,*,{a},*,* > 5/*/*
        """);

    [Test]
    public void Apply_WithoutATick_FirstDropsTimedOutPlayers()
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
    public void Apply_WithAnEarlierTime_UsesTheLatestTime()
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
    public void NextDeadline_IsTheEarliestTimeout_OrNullWithoutPlayers()
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
