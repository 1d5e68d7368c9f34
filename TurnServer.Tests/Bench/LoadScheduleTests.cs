using TurnServer.Bench.Load.Play;

namespace TurnServer.Tests.Bench;

public sealed class LoadScheduleTests
{
    private const int Players = 37;
    private const int Rounds = 5;
    private const long Interval = 1_000_000;
    private const long StartsAt = 123;

    [Test]
    public void TakeNext_ForManyRounds_EachPlayerIsDueAtItsInterval()
    {
        var due = Take();
        foreach (var ofOne in due.GroupBy(each => each.Player))
        {
            var times = ofOne.Select(each => each.At).ToList();
            var expected = Enumerable.Range(0, Rounds).Select(round => times[0] + (round * Interval));
            Assert.That(times, Is.EqualTo(expected), $"player {ofOne.Key}");
            Assert.That(times[0], Is.InRange(StartsAt, StartsAt + Interval - 1));
        }
    }

    [Test]
    public void TakeNext_ForManyRounds_TimesAreAscending() =>
        Assert.That(Take().Select(each => each.At), Is.Ordered);

    private static List<(int Player, long At)> Take()
    {
        var schedule = new Schedule(Players, Interval, StartsAt, new Random(1));
        var due = new List<(int, long)>();
        for (var i = 0; i < Players * Rounds; i++)
        {
            var at = schedule.NextAt;
            due.Add((schedule.TakeNext(), at));
        }

        return due;
    }
}
