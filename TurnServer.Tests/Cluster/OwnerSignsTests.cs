using Microsoft.Extensions.Time.Testing;
using TurnServer.Cluster;

namespace TurnServer.Tests.Cluster;

/// <summary>Who is to take over a shard that nobody owns.</summary>
public sealed class OwnerSignsTests
{
    private readonly FakeTimeProvider _clock = new();
    private OwnerSigns _signs = null!;

    [SetUp]
    public void Create()
    {
        _signs = new OwnerSigns(_clock);
        _signs.SetRegistered(["one", "two"]);
        _signs.NoteOwnerless();
    }

    [Test]
    public void Any_server_takes_over_if_none_is_preferred()
    {
        Assert.That(_signs.FindCause(null, 3, "one"), Is.EqualTo(TakeOverCause.HandedOver));
        Assert.That(_signs.IsAnothersTurn(null, "one"), Is.False);
    }

    [Test]
    public void The_others_leave_it_to_the_preferred_one_for_a_second()
    {
        _signs.Prefer("two");
        Assert.That(_signs.FindCause(null, 3, "two"), Is.EqualTo(TakeOverCause.HandedOver));
        Assert.That(_signs.FindCause(null, 3, "one"), Is.Null);
        Assert.That(_signs.IsAnothersTurn(null, "one"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(_signs.IsAnothersTurn(null, "one"), Is.False);
        Assert.That(_signs.FindCause(null, 3, "one"), Is.EqualTo(TakeOverCause.HandedOver));
    }

    [Test]
    public void Nobody_waits_for_a_server_that_is_not_there()
    {
        _signs.Prefer("three");
        Assert.That(_signs.FindCause(null, 0, "one"), Is.EqualTo(TakeOverCause.FirstServer));
    }

    [Test]
    public void Nobody_waits_when_the_owner_has_died()
    {
        _signs.Prefer("two");
        Assert.That(_signs.FindCause("three", 3, "one"), Is.EqualTo(TakeOverCause.OwnerGone));
        Assert.That(_signs.IsAnothersTurn("three", "one"), Is.False);
    }
}
