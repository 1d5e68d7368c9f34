using System.Text;
using TurnServer.Bench.Load.Play;

namespace TurnServer.Tests.Bench;

/// <summary>What a receiver makes of the turns that it is given.</summary>
public sealed class LoadTurnTests
{
    private const long Id = 17;
    private TurnLedger _ledger = null!;
    private TurnStream _stream = null!;

    [SetUp]
    public void OpenAStream()
    {
        _ledger = new TurnLedger("test-");
        _stream = _ledger.Open(Id, sender: 3);
        _ledger.Join(_stream, receiver: 4);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void TryParse_OfWhatComposeMade_GivesTheSameTurn(bool isLast)
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
    public void TryParse_OfAnythingElse_IsFalse(string text) =>
        Assert.That(TestTurn.TryParse(Encoding.ASCII.GetBytes(text), out _), Is.False);

    [Test]
    public void Take_AllOnceAndInOrder_FindsNothing()
    {
        Send(3);
        Receive(0, 1, 2);
        AssertFound();
    }

    [Test]
    public void Take_ATurnTwice_SaysSo()
    {
        Send(2);
        Receive(0, 0, 1);
        AssertFound("turn 0 of player 3 in game test-17 arrived twice: player 4 received it");
    }

    [Test]
    public void Take_TwoTurnsSwapped_SaysSoOnce()
    {
        Send(3);
        Receive(0, 2, 1);
        AssertFound("turn 1 of player 3 in game test-17 arrived out of order, after turn 2: player 4 received it");
    }

    [Test]
    public void Leave_WithATurnMissing_SaysWhichAndThatTheServerTookIt()
    {
        Send(4);
        Receive(0, 1, 3);
        AssertFound("turn 2 of player 3 in game test-17 never arrived at player 4: the server took it");
    }

    [Test]
    public void Leave_WithTheLastTurnMissing_SaysSo()
    {
        Send(2);
        Receive(0);
        AssertFound("turn 1 of player 3 in game test-17 never arrived at player 4: the server took it");
    }

    [Test]
    public void Leave_WithATurnMissingThatWasNotAnswered_SaysSo()
    {
        Send(1);
        _stream.CountSent();
        Receive(0);
        AssertFound("turn 1 of player 3 in game test-17 never arrived at player 4: the server gave no answer to it");
    }

    [Test]
    public void Leave_WithATurnMissingThatTheServerRefused_FindsNothing()
    {
        Send(1);
        _stream.CountSent();
        _stream.CountRefused();
        Receive(0);
        AssertFound();
    }

    [Test]
    public void Leave_WithTheLastOfPostedTurnsTaken_KnowsThatAllBeforeItWere()
    {
        for (var i = 0; i < 3; i++)
            _stream.CountSent();
        _stream.CountTaken(2);
        Receive(0, 2);
        AssertFound("turn 1 of player 3 in game test-17 never arrived at player 4: the server took it");
    }

    [Test]
    public void Leave_AfterTheServerRefusedToGoOnWithPostedTurns_FindsNothing()
    {
        for (var i = 0; i < 3; i++)
            _stream.CountSent();
        _stream.EndRefused();
        Receive(0);
        AssertFound();
    }

    [Test]
    public void Leave_AfterTheServerRefusedToGoOn_StillMissesWhatLaterTurnsHaveOvertaken()
    {
        for (var i = 0; i < 3; i++)
            _stream.CountSent();
        _stream.EndRefused();
        Receive(0, 2);
        AssertFound("turn 1 of player 3 in game test-17 never arrived at player 4: the server gave no answer to it");
    }

    [Test]
    public void Leave_WithATurnThatNobodySent_SaysSo()
    {
        Send(1);
        Receive(0, 1);
        AssertFound("turn 1 of player 3 in game test-17 arrived at player 4, but was never sent");
    }

    [Test]
    public void Take_ATurnOfAnotherGame_SaysWhose()
    {
        _ledger.Open(18, sender: 9);
        Send(1);
        Receive(0);
        _ledger.Take(_stream, 4, new TestTurn(false, 18, 5, 0).Compose());
        AssertFound("turn 5 of player 9 in game test-18 was given to the wrong game: player 4 received it");
    }

    [Test]
    public void Take_WhatNobodySends_SaysWhatItIs()
    {
        _ledger.Take(_stream, 4, "hello"u8);
        AssertFound("player 4 received \"hello\", which nobody sent");
    }

    [Test]
    public void Join_ByTwoPlayers_SaysSo()
    {
        _ledger.Join(_stream, receiver: 5);
        AssertFound("player 5 was given player 3 in game test-17 as its partner, and so was player 4");
    }

    [Test]
    public void SettleAll_WithAStreamThatNobodyReceived_SaysSo()
    {
        var lonely = _ledger.Open(20, sender: 8);
        lonely.CountSent();
        lonely.CountTaken(0);
        _ledger.SettleAll();
        Assert.That(_ledger.Sentences,
            Is.EqualTo(["turn 0 of player 8 in game test-20 never arrived at any player: the server took it"]));
    }

    private void Send(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _stream.CountSent();
            _stream.CountTaken(i);
        }
    }

    private void Receive(params int[] numbers)
    {
        foreach (var number in numbers)
            _ledger.Take(_stream, 4, new TestTurn(false, Id, number, 0).Compose());
    }

    private void AssertFound(params string[] sentences)
    {
        _ledger.Leave(_stream);
        _ledger.Leave(_stream);
        Assert.Multiple(() =>
        {
            Assert.That(_ledger.Sentences, Is.EqualTo(sentences));
            Assert.That(_ledger.ViolationCount, Is.EqualTo(sentences.Length));
        });
    }
}
