using System.Text;
using TurnServer.Bench.Load.Play;

namespace TurnServer.Tests.Bench;

/// <summary>The check that every turn arrives once and in order.</summary>
public sealed class LoadTurnTests
{
    private const long Id = 17;
    private TurnLedger _ledger = null!;
    private TurnStream _stream = null!;

    [SetUp]
    public void OpenStream()
    {
        _ledger = new TurnLedger("test-");
        _stream = _ledger.Open(Id, sender: 3);
        _ledger.SetReceiver(_stream, receiver: 4);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void TryParse_ComposedTurn_ReturnsTheSameTurn(bool isLast)
    {
        var turn = new TestTurn(isLast, Id, 4, 812_044_123_456);
        var isRead = TestTurn.TryParse(turn.Compose(), out var read);
        Assert.Multiple(() =>
        {
            Assert.That(isRead, Is.True);
            Assert.That(read, Is.EqualTo(turn));
        });
    }

    [TestCase("")]
    [TestCase("T")]
    [TestCase("T,1,2")]
    [TestCase("T,1,2,3,4")]
    [TestCase("X,1,2,3")]
    [TestCase("T,1,-2,3")]
    [TestCase("T,1,2,3x")]
    public void TryParse_AnythingElse_ReturnsFalse(string text) =>
        Assert.That(TestTurn.TryParse(Encoding.ASCII.GetBytes(text), out _), Is.False);

    [Test]
    public void Check_AllTurnsOnceAndInOrder_ReportsNothing()
    {
        Send(3);
        Receive(0, 1, 2);
        AssertViolations();
    }

    [Test]
    public void Check_TurnTwice_IsReported()
    {
        Send(2);
        Receive(0, 0, 1);
        AssertViolations("turn 0 of player 3 (stream test-17) arrived twice: player 4 received it");
    }

    [Test]
    public void Check_TwoTurnsSwapped_IsReportedOnce()
    {
        Send(3);
        Receive(0, 2, 1);
        AssertViolations(
            "turn 1 of player 3 (stream test-17) arrived out of order, after turn 2: player 4 received it");
    }

    [Test]
    public void Leave_WithMissingTurn_IsReportedAsAccepted()
    {
        Send(4);
        Receive(0, 1, 3);
        AssertViolations("turn 2 of player 3 (stream test-17) never arrived at player 4: the server accepted it");
    }

    [Test]
    public void Leave_WithLastTurnMissing_IsReported()
    {
        Send(2);
        Receive(0);
        AssertViolations("turn 1 of player 3 (stream test-17) never arrived at player 4: the server accepted it");
    }

    [Test]
    public void Leave_WithMissingTurnThatWasNotAnswered_IsReportedAsUnknown()
    {
        Send(1);
        _stream.CountSent();
        Receive(0);
        AssertViolations("turn 1 of player 3 (stream test-17) never arrived at player 4: "
            + "it is unknown whether the server accepted it");
    }

    [Test]
    public void Leave_WithMissingTurnThatTheServerRefused_ReportsNothing()
    {
        Send(1);
        _stream.CountSent();
        _stream.CountRefused();
        Receive(0);
        AssertViolations();
    }

    [Test]
    public void Leave_WithLastOfPostedTurnsAccepted_ExpectsAllBeforeIt()
    {
        for (var i = 0; i < 3; i++)
            _stream.CountSent();
        _stream.CountAccepted(2);
        Receive(0, 2);
        AssertViolations("turn 1 of player 3 (stream test-17) never arrived at player 4: the server accepted it");
    }

    [Test]
    public void Leave_AfterServerRefusedPostedTurns_ReportsNothing()
    {
        for (var i = 0; i < 3; i++)
            _stream.CountSent();
        _stream.EndRefused();
        Receive(0);
        AssertViolations();
    }

    [Test]
    public void Leave_AfterServerRefusedPostedTurns_StillReportsOvertakenTurns()
    {
        for (var i = 0; i < 3; i++)
            _stream.CountSent();
        _stream.EndRefused();
        Receive(0, 2);
        AssertViolations("turn 1 of player 3 (stream test-17) never arrived at player 4: "
            + "it is unknown whether the server accepted it");
    }

    [Test]
    public void Leave_WithTurnThatWasNeverSent_IsReported()
    {
        Send(1);
        Receive(0, 1);
        AssertViolations("turn 1 of player 3 (stream test-17) arrived at player 4, but was never sent");
    }

    [Test]
    public void Check_TurnOfAnotherGame_IsReportedWithItsSender()
    {
        _ledger.Open(18, sender: 9);
        Send(1);
        Receive(0);
        _ledger.Check(_stream, 4, new TestTurn(false, 18, 5, 0).Compose());
        AssertViolations("turn 5 of player 9 (stream test-18) was given to the wrong game: player 4 received it");
    }

    [Test]
    public void Check_TextThatIsNoTurn_IsReported()
    {
        _ledger.Check(_stream, 4, "hello"u8);
        AssertViolations("player 4 received \"hello\", which no player sent");
    }

    [Test]
    public void SetReceiver_ByTwoPlayers_IsReported()
    {
        _ledger.SetReceiver(_stream, receiver: 5);
        AssertViolations("player 3 (stream test-17) was paired with player 4 and with player 5");
    }

    [Test]
    public void CheckPairing_OfPlayersOfTwoPools_IsReported()
    {
        var (own, same, other) = (_ledger.Open(21, 5, pool: 0), _ledger.Open(22, 6, 0), _ledger.Open(23, 7, 1));
        _ledger.CheckPairing(own, same);
        Assert.That(_ledger.WrongPartners, Is.Zero);
        _ledger.CheckPairing(own, other);
        Assert.That(_ledger.WrongPartners, Is.EqualTo(1));
        AssertViolations("player 5 (stream test-21) of pool 0 was paired with player 7 (stream test-23) of pool 1");
        Assert.That(_ledger.PairingsChecked, Is.EqualTo(2));
    }

    [Test]
    public void CheckPairing_OfAPlayerThatNamedAnother_IsReportedByBoth()
    {
        var (one, two) = (_ledger.Open(21, 5, partner: 22), _ledger.Open(22, 6, partner: 21));
        var stranger = _ledger.Open(23, 7);
        _ledger.CheckPairing(one, two);
        Assert.That(_ledger.WrongPartners, Is.Zero);
        _ledger.CheckPairing(one, stranger);
        _ledger.CheckPairing(stranger, one);
        Assert.That(_ledger.WrongPartners, Is.EqualTo(2));
        AssertViolations("player 5 (stream test-21) named test-22 and was paired with player 7 (stream test-23)",
            "player 7 (stream test-23) was paired with player 5 (stream test-21), who named test-22");
    }

    [Test]
    public void CloseAll_WithStreamWithoutReceiver_IsReported()
    {
        var stream = _ledger.Open(20, sender: 8);
        stream.CountSent();
        stream.CountAccepted(0);
        _ledger.CloseAll();
        Assert.That(_ledger.Violations,
            Is.EqualTo(["turn 0 of player 8 (stream test-20) never arrived at any player: the server accepted it"]));
    }

    private void Send(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _stream.CountSent();
            _stream.CountAccepted(i);
        }
    }

    private void Receive(params int[] numbers)
    {
        foreach (var number in numbers)
            _ledger.Check(_stream, 4, new TestTurn(false, Id, number, 0).Compose());
    }

    private void AssertViolations(params string[] violations)
    {
        _ledger.Leave(_stream);
        _ledger.Leave(_stream);
        Assert.Multiple(() =>
        {
            Assert.That(_ledger.Violations, Is.EqualTo(violations));
            Assert.That(_ledger.ViolationCount, Is.EqualTo(violations.Length));
        });
    }
}
