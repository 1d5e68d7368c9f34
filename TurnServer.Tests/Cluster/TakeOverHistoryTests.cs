using TurnServer.Cluster;
using TurnServer.Tests.Admin;

namespace TurnServer.Tests.Cluster;

/// <summary>The takeovers that a server has seen.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class TakeOverHistoryTests
{
    private readonly TakeOverHistory _history = new();

    [Test]
    public void Add_ATakeoverOfBeforeTheStart_ListsAndDoesNotCountIt()
    {
        _history.CountAfter(10);
        Add(1, TakeOverCause.FirstServer);
        Add(11, TakeOverCause.OwnerGone);
        Assert.That(_history.Latest.Select(takeOver => takeOver.Cause), Is.EqualTo(["first server", "owner gone"]));
        Assert.That(_history.CountsByCause, Is.EqualTo([0, 0, 1, 0, 0, 0, 0]));
    }

    [Test]
    public void Add_WhatAnOwnerReadsAgainAfterItWasReplaced_ListsAndCountsItOnce()
    {
        _history.CountAfter(0);
        Add(1, TakeOverCause.FirstServer);
        Add(5, TakeOverCause.HandedOver);
        // The second time, the log ends elsewhere.
        _history.CountAfter(9);
        Add(1, TakeOverCause.FirstServer);
        Add(5, TakeOverCause.HandedOver);
        Add(9, TakeOverCause.OwnerGone);
        Assert.That(_history.Latest, Has.Count.EqualTo(3));
        Assert.That(_history.CountsByCause, Is.EqualTo([1, 1, 1, 0, 0, 0, 0]));
    }

    [Test]
    public void Add_ACauseOfAnotherVersion_CountsItAsOther()
    {
        _history.CountAfter(0);
        Add(1, "sunspots");
        Assert.That(_history.CountsByCause, Is.EqualTo([0, 0, 0, 0, 0, 0, 1]));
    }

    [Test]
    public void Add_Many_KeepsTheLatest()
    {
        for (var i = 1; i <= 50; i++)
            Add(i, $"{i}");
        Assert.That((_history.Latest.Count, _history.Latest[^1].Cause), Is.EqualTo((20, "50")));
    }

    private void Add(long position, string cause) =>
        _history.Add(ClusterSamples.TakeOver with { Cause = cause }, position);
}
