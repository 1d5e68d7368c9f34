using CsCheck;
using TurnServer.Rules;

namespace TurnServer.Tests.Rules;

/// <summary>The heap of deadlines against a plain list.</summary>
public sealed class DeadlinesTests
{
    private static readonly Gen<(int What, int Who, int Time)> AnyAct = Gen.Select(Gen.Int[0, 5], Gen.Int[0, 39],
        Gen.Int[1, 50]);

    [Test]
    public void Deadlines_WhateverIsDone_FindWhatAListFinds() => AnyAct.Array[1, 300].Sample(acts =>
    {
        var deadlines = new Deadlines();
        var list = new List<Somebody>();
        var everybody = Enumerable.Range(0, 40).Select(_ => new Somebody()).ToArray();
        var now = TimeSpan.Zero;
        foreach (var (what, who, time) in acts)
        {
            var somebody = everybody[who];
            var isIn = list.Contains(somebody);
            switch (what)
            {
                case 0 or 1 when !isIn:
                    somebody.LastHeard = now;
                    somebody.Patience = TimeSpan.FromSeconds(time);
                    deadlines.Add(somebody);
                    list.Add(somebody);
                    break;
                case 1 when isIn:
                    // Further away: the heap need not be told.
                    somebody.LastHeard = now;
                    somebody.Patience = TimeSpan.FromSeconds(Math.Max(time, somebody.Patience.TotalSeconds));
                    break;
                case 2 when isIn:
                    somebody.Patience = TimeSpan.FromSeconds(time);
                    deadlines.Hasten(somebody);
                    break;
                case 3:
                    deadlines.Remove(somebody);
                    list.Remove(somebody);
                    break;
                case 4:
                    now += TimeSpan.FromSeconds(time / 10);
                    TakeAllDue(deadlines, list, now);
                    break;
            }

            Assert.That(deadlines.Count, Is.EqualTo(list.Count));
            Assert.That(deadlines.Next, list.Count == 0
                ? Is.Null
                : Is.LessThanOrEqualTo(list.Min(one => one.Deadline)).And.Not.Null);
        }
    }, iter: 400, threads: 1);

    private static void TakeAllDue(Deadlines deadlines, List<Somebody> list, TimeSpan now)
    {
        var expected = list.Where(one => one.Deadline <= now).ToHashSet();
        var found = new HashSet<Somebody>();
        while (deadlines.TryFindDue(now, out var due))
        {
            found.Add((Somebody)due);
            list.Remove((Somebody)due);
            deadlines.Remove(due);
        }

        Assert.That(found, Is.EquivalentTo(expected));
    }

    [Test]
    public void TryFindDue_AfterSomeAreRemoved_FindsTheEarliestFirst()
    {
        var deadlines = new Deadlines();
        var random = new Random(1);
        var everybody = Enumerable.Range(0, 500)
            .Select(_ => new Somebody { Patience = TimeSpan.FromSeconds(random.Next(1000)) }).ToList();
        foreach (var somebody in everybody)
            deadlines.Add(somebody);
        for (var i = 0; i < 300; i++)
        {
            var gone = random.Next(everybody.Count);
            deadlines.Remove(everybody[gone]);
            everybody.RemoveAt(gone);
        }

        Assert.That(TakeAll(deadlines), Is.EqualTo(everybody.Select(somebody => somebody.Deadline).Order()));
    }

    [Test]
    public void Remove_FromALateBranch_LetsAnEarlyOneThatTakesThePlaceRise()
    {
        // As the heap lies: the first, the four below it, then four below each of these.
        int[] seconds =
            [0, 100, 100, 100, 2, 101, 102, 103, 104, 101, 102, 103, 104, 101, 102, 103, 104, 3, 4, 5, 6];
        var deadlines = new Deadlines();
        var everybody = Array.ConvertAll(seconds, time => new Somebody { Patience = TimeSpan.FromSeconds(time) });
        foreach (var somebody in everybody)
            deadlines.Add(somebody);
        deadlines.Remove(everybody[5]);
        Assert.That(TakeAll(deadlines), Is.Ordered);
    }

    private static List<TimeSpan> TakeAll(Deadlines deadlines)
    {
        var found = new List<TimeSpan>();
        while (deadlines.TryFindDue(TimeSpan.MaxValue, out var due))
        {
            found.Add(due.Deadline);
            deadlines.Remove(due);
        }

        return found;
    }

    [Test]
    public void TryFindDue_OfOneWhoseDeadlineHasMoved_PutsItRight()
    {
        var deadlines = new Deadlines();
        var somebody = new Somebody { Patience = TimeSpan.FromSeconds(5) };
        deadlines.Add(somebody);
        somebody.LastHeard = TimeSpan.FromSeconds(3);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(deadlines.Next, Is.EqualTo(TimeSpan.FromSeconds(5)), "early, but never late");
            Assert.That(deadlines.TryFindDue(TimeSpan.FromSeconds(5), out _), Is.False);
            Assert.That(deadlines.Next, Is.EqualTo(TimeSpan.FromSeconds(8)));
            Assert.That(deadlines.TryFindDue(TimeSpan.FromSeconds(8), out var due));
            Assert.That(due, Is.SameAs(somebody));
        }
    }

    [Test]
    public void Remove_OfOneWhoHasNoDeadline_DoesNothing()
    {
        var deadlines = new Deadlines();
        var somebody = new Somebody();
        deadlines.Add(new Somebody { Patience = TimeSpan.FromSeconds(5) });
        deadlines.Remove(somebody);
        deadlines.Add(somebody);
        deadlines.Remove(somebody);
        deadlines.Remove(somebody);
        Assert.That(deadlines.Count, Is.EqualTo(1));
    }

    private sealed class Somebody : Participant
    {
        public TimeSpan Patience { get; set; }

        internal override TimeSpan Timeout => Patience;
    }
}
