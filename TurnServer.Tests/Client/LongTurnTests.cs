using TurnServer.Client;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>Turns that are too long for any server, for this one, or for a proxy in front of it.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class LongTurnTests
{
    private const int BodyBytesMax = 8192;

    [TestCase(TurnGame.TurnBytesMax + 1)]
    [TestCase(ProtocolLimits.BodyBytesMax)]
    [TestCase(10 * ProtocolLimits.BodyBytesMax)]
    public async Task A_turn_that_is_too_long_for_any_server_is_not_sent(int length)
    {
        var (table, ann, bob) = Play();
        await using var first = ann;
        await using var second = bob;
        var send = ann.SendAsync(ClientPair.Bytes("before"));
        Assert.That(() => ann.SendAsync(new byte[length]), Throws.ArgumentException);
        Assert.That(async () => await ann.PostAsync(new byte[length]), Throws.ArgumentException);
        await ClientPair.SendAsync(ann, "after");
        Assert.That(await send, Is.Null);
        Assert.That(await ClientPair.ReadAsync(bob, 2), Is.EqualTo(new[] { "before", "after" }));
        Assert.That(table.Log.Max(sent => sent.Body.Length), Is.LessThan(100));
    }

    [Test]
    public async Task A_server_with_a_lower_limit_refuses_only_the_long_turn()
    {
        var (table, ann, bob) = Play();
        await using var first = ann;
        await using var second = bob;
        table.BodyBytesMax = BodyBytesMax;
        string[] turns = ["a", Long('x'), "b", new('c', 5000), new('d', 5000), Long('y'), "e"];
        var sends = turns.Select(turn => ann.SendAsync(ClientPair.Bytes(turn))).ToList();
        var faults = await Task.WhenAll(sends).WaitAsync(TestWait.Timeout);
        Assert.That(faults.Select(fault => fault?.Error),
            Is.EqualTo(turns.Select(turn => turn == Long(turn[0]) ? ErrorCode.OverContentLength : (ErrorCode?)null)));
        Assert.That(faults[1]!.Kind, Is.EqualTo(TurnFaultKind.InvalidRequest));
        Assert.That(await ClientPair.ReadAsync(bob, 5), Is.EqualTo(turns.Where(turn => turn != Long(turn[0]))));
        await ClientPair.SendAsync(bob, "back");
        Assert.That(await ClientPair.ReadAsync(ann, 1), Is.EqualTo(new[] { "back" }));
        Assert.That(ann.Ended, Is.Null);
    }

    [Test]
    public async Task A_posted_turn_that_is_refused_ends_the_game()
    {
        var (table, ann, bob) = Play();
        await using var first = ann;
        await using var second = bob;
        table.BodyBytesMax = BodyBytesMax;
        await ann.PostAsync(ClientPair.Bytes(Long('x')));
        Assert.That(await ann.SendAsync(ClientPair.Bytes("after")).WaitAsync(TestWait.Timeout), Is.Not.Null);
        Assert.That(ann.Ended!.Error, Is.EqualTo(ErrorCode.OverContentLength));
    }

    [Test]
    public async Task A_proxy_with_a_lower_limit_refuses_only_the_long_turn_although_a_held_request_was_lost()
    {
        await using var server = await ServerChild.StartAsync();
        await using var proxy = new FaultyProxy(server.Port, request => new ProxyPlan(
            request.Body.Length > BodyBytesMax ? NetworkFault.RefuseLength
            : request.IsUpdate(0) && request.MayBeHeld ? NetworkFault.SwallowRequest
            : NetworkFault.None));
        await using var pair = await ClientPair.StartAsync(proxy.Url, new(), urlB: server.Url);
        var read = ClientPair.ReadAsync(pair.A, 1);
        await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.IsUpdate(0)), "it waits for turns");
        var refused = await pair.A.SendAsync(ClientPair.Bytes(Long('x'))).WaitAsync(TestWait.Timeout);
        Assert.That(refused!.Error, Is.EqualTo(ErrorCode.OverContentLength));
        await ClientPair.SendAsync(pair.A, "short");
        Assert.That(await ClientPair.ReadAsync(pair.B, 1), Is.EqualTo(new[] { "short" }));
        await ClientPair.SendAsync(pair.B, "back");
        Assert.That(await read, Is.EqualTo(new[] { "back" }));
    }

    private static string Long(char letter) => new(letter, TurnGame.TurnBytesMax);

    private static (UnreliableTable Table, TurnGame Ann, TurnGame Bob) Play()
    {
        var table = new UnreliableTable();
        var seats = table.StartGame();
        return (table, table.Play(seats[0]), table.Play(seats[1]));
    }
}
