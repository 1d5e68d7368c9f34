using System.Net;
using CsCheck;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Tests.Rules;

/// <summary>Compares the waiting queue with a plain list.</summary>
public sealed class WaitingQueueTests
{
    private static readonly ClientAddress Here = ClientAddress.Of(IPAddress.Parse("203.0.113.1"));
    private static readonly Gen<(int What, int Who)> AnyAct = Gen.Select(Gen.Int[0, 4], Gen.Int[0, 1000]);

    [Test]
    public void FindPartnerFor_AfterAnyOperations_FindsTheFirstOfAPlainList() => AnyAct.Array[1, 200].Sample(acts =>
    {
        var queue = new WaitingQueue();
        var waiting = new List<Player>();
        var away = new List<Player>();
        var order = 0;
        foreach (var (what, who) in acts)
        {
            switch (what)
            {
                case 0:
                    // Few names, so that excluded players are often in the queue.
                    var newcomer = New($"P{order % 3}", Here, order++);
                    queue.Join(newcomer);
                    waiting.Add(newcomer);
                    break;
                case 1 when waiting.Count > 0:
                    Move(waiting, away, who, queue.Leave);
                    break;
                case 2 when away.Count > 0:
                    Move(away, waiting, who, queue.Rejoin);
                    break;
                case 3 when waiting.Count > 0 && away.Count > 0:
                    waiting[who % waiting.Count].Exclude(ExclusionOf(away[who % away.Count], who));
                    break;
                default:
                    break;
            }

            Assert.That(queue.Count, Is.EqualTo(waiting.Count));
            Assert.That(queue.First, Is.SameAs(waiting.MinBy(player => player.Order)));
            var now = TimeSpan.FromSeconds(who);
            foreach (var player in waiting.Concat(away.Take(2)))
                Assert.That(queue.FindPartnerFor(player, now), Is.SameAs(First(waiting, player, now)));
        }
    }, iter: 300, threads: 1);

    private static void Move(List<Player> from, List<Player> to, int who, Action<Player> move)
    {
        var player = from[who % from.Count];
        move(player);
        from.Remove(player);
        to.Add(player);
    }

    private static Player? First(List<Player> waiting, Player player, TimeSpan now) => waiting
        .OrderBy(other => other.Order)
        .FirstOrDefault(other => other != player && !other.MustNotPair(player, now));

    [Test]
    public void MustNotPair_IsSymmetric_ByNameAndAddress_UntilTheExclusionExpires()
    {
        var elsewhere = ClientAddress.Of(IPAddress.Parse("198.51.100.1"));
        var ann = New("Ann", Here);
        var bob = New("Bob", Here);
        ann.Exclude(ExclusionOf(bob, 30));
        var before = TimeSpan.FromSeconds(30) - TimeSpan.FromTicks(1);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ann.MustNotPair(bob, before));
            Assert.That(bob.MustNotPair(ann, before));
            Assert.That(ann.MustNotPair(New("Bob", Here), before), "registered again");
            Assert.That(ann.MustNotPair(New("Bob", elsewhere), before), Is.False);
            Assert.That(ann.MustNotPair(New("Cid", Here), before), Is.False);
            Assert.That(ann.MustNotPair(bob, TimeSpan.FromSeconds(30)), Is.False);
        }
    }

    [Test]
    public void Exclude_BeyondTheLimit_DropsTheFirstToExpire()
    {
        var ann = New("Ann", Here);
        for (var i = Player.ExclusionsMax; i >= 0; i--)
            ann.Exclude(ExclusionOf(New($"P{i}", Here), i + 1));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ann.Exclusions, Has.Count.EqualTo(Player.ExclusionsMax));
            Assert.That(ann.MustNotPair(New("P0", Here), TimeSpan.Zero), Is.False);
            Assert.That(ann.MustNotPair(New("P1", Here), TimeSpan.Zero));
            Assert.That(ann.FirstExclusionEnd, Is.EqualTo(TimeSpan.FromSeconds(2)));
        }
    }

    [Test]
    public void RemoveExpiredExclusions_KeepsOnlyUnexpiredOnes()
    {
        var ann = New("Ann", Here);
        ann.Exclude(ExclusionOf(New("Bob", Here), 30));
        ann.Exclude(ExclusionOf(New("Cid", Here), 31));
        ann.RemoveExpiredExclusions(TimeSpan.FromSeconds(30));
        Assert.That(ann.Exclusions.Select(exclusion => exclusion.Name), Is.EqualTo(["Cid"]));
        ann.RemoveExpiredExclusions(TimeSpan.FromSeconds(31));
        Assert.That(ann.Exclusions, Is.Empty);
    }

    private static Exclusion ExclusionOf(Player player, int untilSeconds) =>
        new(player.Name, player.From, TimeSpan.FromSeconds(untilSeconds));

    private static Player New(string name, ClientAddress from, long order = 0) =>
        new(1, name, null, from, new RulesOptions()) { Order = order };
}
