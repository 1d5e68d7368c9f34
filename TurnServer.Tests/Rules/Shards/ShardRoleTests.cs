using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Tests.Simulation;

namespace TurnServer.Tests.Rules.Shards;

/// <summary>Seat keys carry their shard.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class ShardRoleTests
{
    [Test]
    public void KeysFrom_SequentialNumbers_CountsInStepsOfTheShards()
    {
        var keys = new ShardRole(Number: 3, GameShards: 64).KeysFrom(new SequentialKeySource());
        Assert.That(new[] { keys.Draw(), keys.Draw(), keys.Draw() }, Is.EqualTo(new ulong[] { 2, 66, 130 }));
    }

    [Test]
    public void KeysFrom_RandomNumbers_StaysBelowTheEndAndNamesTheShard([Values(1, 2, 64, 256)] int gameShards)
    {
        foreach (var number in new[] { 1, gameShards })
        {
            var role = new ShardRole(number, gameShards);
            var keys = role.KeysFrom(new SeededKeys(7, repeats: false));
            var drawn = Enumerable.Range(0, 200).Select(_ => keys.Draw()).ToList();
            using (Assert.EnterMultipleScope())
            {
                Assert.That(drawn.Select(role.ShardOfSeat), Is.All.EqualTo(number));
                Assert.That(drawn, Is.All.LessThan(ProtocolLimits.KeyEnd));
                Assert.That(drawn.Distinct().Count(), Is.EqualTo(drawn.Count));
                Assert.That(drawn.Max(), Is.GreaterThan(ProtocolLimits.KeyEnd / 2));
            }
        }
    }

    [Test]
    public void KeysFrom_TheLastNumber_StaysBelowTheEnd()
    {
        var keys = new ShardRole(64, 64).KeysFrom(new SequentialKeySource(ProtocolLimits.KeyEnd - 1));
        Assert.That(keys.Draw(), Is.EqualTo(ProtocolLimits.KeyEnd - 1));
    }

    [Test]
    public void NumberOf_AKey_IsTheNumberThatItWasMadeFrom()
    {
        var role = new ShardRole(5, 64);
        Assert.That(role.NumberOf(role.KeysFrom(new SequentialKeySource(41)).Draw()), Is.EqualTo(41));
    }

    [TestCase("0,Ann,*,*,*", 0)]
    [TestCase("4,*,77,*,*", 0)]
    [TestCase("5,*,66,0,*", 3)]
    [TestCase("6,e2-e4,66,0,0", 3)]
    public void ShardOf_ARequest_IsTheLobbyOrTheShardOfItsSeatKey(string body, int shard)
    {
        Assert.That(RequestParser.TryParse(System.Text.Encoding.UTF8.GetBytes(body), out var request, out _));
        Assert.That(ShardRole.Lobby(64).ShardOf(request), Is.EqualTo(shard));
    }

    [Test]
    public void ShardOf_WithOneTableForEverything_IsThatOne()
    {
        Assert.That(RequestParser.TryParse("6,e2-e4,66,0,0"u8, out var request, out _));
        Assert.That(ShardRole.Whole.ShardOf(request), Is.Zero);
    }
}
