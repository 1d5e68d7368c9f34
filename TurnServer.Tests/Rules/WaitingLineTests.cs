using System.Net;
using CsCheck;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Tests.Rules;

/// <summary>The waiting line against a plain list.</summary>
public sealed class WaitingLineTests
{
    private static readonly ClientAddress Here = ClientAddress.Of(IPAddress.Parse("203.0.113.1"));
    private static readonly Gen<(int What, int Who)> AnyAct = Gen.Select(Gen.Int[0, 4], Gen.Int[0, 1000]);

    [Test]
    public void FindPartnerFor_WhateverIsDone_FindsTheFirstThatAListFinds() => AnyAct.Array[1, 200].Sample(acts =>
    {
        var line = new WaitingLine();
        var waiting = new List<Player>();
        var away = new List<Player>();
        var order = 0;
        foreach (var (what, who) in acts)
        {
            switch (what)
            {
                case 0:
                    // Few names, so that those who must not meet again are often in the line.
                    var newcomer = New($"P{order % 3}", Here, order++);
                    line.Join(newcomer);
                    waiting.Add(newcomer);
                    break;
                case 1 when waiting.Count > 0:
                    Move(waiting, away, who, line.Leave);
                    break;
                case 2 when away.Count > 0:
                    Move(away, waiting, who, line.Rejoin);
                    break;
                case 3 when waiting.Count > 0 && away.Count > 0:
                    waiting[who % waiting.Count].Avoid(away[who % away.Count]);
                    break;
                default:
                    break;
            }

            Assert.That(line.IsEmpty, Is.EqualTo(waiting.Count == 0));
            foreach (var player in waiting.Concat(away.Take(2)))
                Assert.That(line.FindPartnerFor(player), Is.SameAs(First(waiting, player)));
        }
    }, iter: 300, threads: 1);

    private static void Move(List<Player> from, List<Player> to, int who, Action<Player> move)
    {
        var player = from[who % from.Count];
        move(player);
        from.Remove(player);
        to.Add(player);
    }

    private static Player? First(List<Player> waiting, Player player) => waiting.OrderBy(other => other.Order)
        .FirstOrDefault(other => other != player && !other.MustNotMeet(player));

    [Test]
    public void MustNotMeet_GoesBothWays_AndIsByNameAndAddress()
    {
        var elsewhere = ClientAddress.Of(IPAddress.Parse("198.51.100.1"));
        var ann = New("Ann", Here);
        var bob = New("Bob", Here);
        ann.Avoid(bob);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ann.MustNotMeet(bob));
            Assert.That(bob.MustNotMeet(ann));
            Assert.That(ann.MustNotMeet(New("Bob", Here)), "registered again");
            Assert.That(ann.MustNotMeet(New("Bob", elsewhere)), Is.False);
            Assert.That(ann.MustNotMeet(New("Cid", Here)), Is.False);
        }
    }

    [Test]
    public void Avoid_OfMoreThanAreRemembered_ForgetsTheOldest()
    {
        var ann = New("Ann", Here);
        for (var i = 0; i <= Player.AvoidedMax; i++)
            ann.Avoid(New($"P{i}", Here));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ann.MustNotMeet(New("P0", Here)), Is.False);
            Assert.That(ann.MustNotMeet(New("P1", Here)));
            Assert.That(ann.MustNotMeet(New($"P{Player.AvoidedMax}", Here)));
        }
    }

    private static Player New(string name, ClientAddress from, long order = 0) =>
        new(1, name, null, from, new RulesOptions()) { Order = order };
}
