using CsCheck;
using TurnServer.Rules;

namespace TurnServer.Tests.Rules;

/// <summary>Compares the heap of deadlines with a plain list.</summary>
public sealed class DeadlinesTests
{
    private static readonly Gen<(int What, int Who, int Time)> AnyAct = Gen.Select(Gen.Int[0, 5], Gen.Int[0, 39],
        Gen.Int[1, 50]);

    [Test]
    public void Deadlines_AfterAnyOperations_FindWhatAListFinds() => AnyAct.Array[1, 300].Sample(acts =>
    {
        var deadlines = new Deadlines();
        var list = new List<TestParticipant>();
        var participants = Enumerable.Range(0, 40).Select(_ => new TestParticipant()).ToArray();
        var now = TimeSpan.Zero;
        foreach (var (what, who, time) in acts)
        {
            var participant = participants[who];
            var isIn = list.Contains(participant);
            switch (what)
            {
                case 0 or 1 when !isIn:
                    participant.LastHeard = now;
                    participant.Limit = TimeSpan.FromSeconds(time);
                    deadlines.Add(participant);
                    list.Add(participant);
                    break;
                case 1 when isIn:
                    // Postponed: the heap need not know.
                    participant.LastHeard = now;
                    participant.Limit = TimeSpan.FromSeconds(Math.Max(time, participant.Limit.TotalSeconds));
                    break;
                case 2 when isIn:
                    participant.Limit = TimeSpan.FromSeconds(time);
                    deadlines.MoveUp(participant);
                    break;
                case 3:
                    deadlines.Remove(participant);
                    list.Remove(participant);
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

    private static void TakeAllDue(Deadlines deadlines, List<TestParticipant> list, TimeSpan now)
    {
        var expected = list.Where(one => one.Deadline <= now).ToHashSet();
        var found = new HashSet<TestParticipant>();
        while (deadlines.TryFindDue(now, out var due))
        {
            found.Add((TestParticipant)due);
            list.Remove((TestParticipant)due);
            deadlines.Remove(due);
        }

        Assert.That(found, Is.EquivalentTo(expected));
    }

    [Test]
    public void TryFindDue_AfterRemovals_FindsTheEarliestFirst()
    {
        var deadlines = new Deadlines();
        var random = new Random(1);
        var participants = Enumerable.Range(0, 500)
            .Select(_ => new TestParticipant { Limit = TimeSpan.FromSeconds(random.Next(1000)) }).ToList();
        foreach (var participant in participants)
            deadlines.Add(participant);
        for (var i = 0; i < 300; i++)
        {
            var removed = random.Next(participants.Count);
            deadlines.Remove(participants[removed]);
            participants.RemoveAt(removed);
        }

        Assert.That(TakeAll(deadlines), Is.EqualTo(participants.Select(participant => participant.Deadline).Order()));
    }

    [Test]
    public void Remove_FromALateBranch_SiftsUpAnEarlyReplacement()
    {
        // In heap order: the root, its four children, then four children of each.
        int[] seconds =
            [0, 100, 100, 100, 2, 101, 102, 103, 104, 101, 102, 103, 104, 101, 102, 103, 104, 3, 4, 5, 6];
        var deadlines = new Deadlines();
        var participants = Array.ConvertAll(seconds,
            time => new TestParticipant { Limit = TimeSpan.FromSeconds(time) });
        foreach (var participant in participants)
            deadlines.Add(participant);
        deadlines.Remove(participants[5]);
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
    public void TryFindDue_OfAPostponedDeadline_CorrectsItsEntry()
    {
        var deadlines = new Deadlines();
        var participant = new TestParticipant { Limit = TimeSpan.FromSeconds(5) };
        deadlines.Add(participant);
        participant.LastHeard = TimeSpan.FromSeconds(3);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(deadlines.Next, Is.EqualTo(TimeSpan.FromSeconds(5)), "early, but never late");
            Assert.That(deadlines.TryFindDue(TimeSpan.FromSeconds(5), out _), Is.False);
            Assert.That(deadlines.Next, Is.EqualTo(TimeSpan.FromSeconds(8)));
            Assert.That(deadlines.TryFindDue(TimeSpan.FromSeconds(8), out var due));
            Assert.That(due, Is.SameAs(participant));
        }
    }

    [Test]
    public void Remove_WithoutADeadline_DoesNothing()
    {
        var deadlines = new Deadlines();
        var participant = new TestParticipant();
        deadlines.Add(new TestParticipant { Limit = TimeSpan.FromSeconds(5) });
        deadlines.Remove(participant);
        deadlines.Add(participant);
        deadlines.Remove(participant);
        deadlines.Remove(participant);
        Assert.That(deadlines.Count, Is.EqualTo(1));
    }

    private sealed class TestParticipant : Participant
    {
        public TimeSpan Limit { get; set; }

        internal override TimeSpan Timeout => Limit;
    }
}
