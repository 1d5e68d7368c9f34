using TurnServer.Client;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>Playing on the real server, without network faults.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class TurnGameTests : ServerFixture
{
    private static readonly TurnClientOptions Defaults = new();

    [Test]
    public async Task Turns_go_both_ways_in_order()
    {
        await using var pair = await ClientPair.StartAsync(Server.Url, Defaults);
        string[] turns = ["a", "*", "with,commas/and\nbreaks", "🎲", new('x', TurnGame.TurnBytesMax), "last"];
        var read = Task.WhenAll(pair.Games.Select(game => ClientPair.ReadAsync(game, turns.Length)));
        foreach (var turn in turns)
        {
            await ClientPair.SendAsync(pair.A, turn);
            await pair.B.PostAsync(ClientPair.Bytes(turn));
        }

        Assert.That(await read, Has.All.EqualTo(turns));
    }

    [Test]
    public async Task The_partner_s_silence_is_told_with_each_reply()
    {
        await using var pair = await ClientPair.StartAsync(Server.Url, Defaults);
        await ClientPair.SendAsync(pair.A, "first");
        Assert.That(pair.A.PartnerSilent, Is.Not.Null);
    }

    [Test]
    public async Task Concurrent_sends_go_out_in_the_order_of_the_calls()
    {
        await using var pair = await ClientPair.StartAsync(Server.Url, Defaults);
        var turns = Enumerable.Range(0, 1000).Select(i => $"{i}").ToList();
        var sends = turns.Select(turn => pair.A.SendAsync(ClientPair.Bytes(turn))).ToList();
        Assert.That(await ClientPair.ReadAsync(pair.B, turns.Count), Is.EqualTo(turns));
        Assert.That(await Task.WhenAll(sends), Has.All.Null);
    }

    [Test]
    public async Task A_send_does_not_wait_for_a_held_receive()
    {
        await using var proxy = new FaultyProxy(Server.Port);
        await using var pair = await ClientPair.StartAsync(proxy.Url, Defaults, urlB: Server.Url);
        var receive = ClientPair.ReadAsync(pair.A, 1);
        await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.IsUpdate(0) && request.MayBeHeld),
            "a reply is held");
        await ClientPair.SendAsync(pair.A, "beside");
        Assert.That(await ClientPair.ReadAsync(pair.B, 1), Is.EqualTo(new[] { "beside" }));
        Assert.That(receive.IsCompleted, Is.False);
        await ClientPair.SendAsync(pair.B, "answer");
        Assert.That(await receive, Is.EqualTo(new[] { "answer" }));
    }

    [Test]
    public async Task Alternating_play_costs_one_request_a_turn()
    {
        const int Rounds = 20;
        AttemptLog[] logs = [new(), new()];
        await using var pair = await ClientPair.StartAsync(Server.Url, new() { Observer = logs[0].Note },
            new() { Observer = logs[1].Note });
        await using var ofA = pair.A.ReceiveAsync().GetAsyncEnumerator();
        await using var ofB = pair.B.ReceiveAsync().GetAsyncEnumerator();
        for (var round = 0; round < Rounds; round++)
        {
            await pair.A.PostAsync(ClientPair.Bytes($"a{round}"));
            Assert.That(await ofB.MoveNextAsync(), Is.True);
            await pair.B.PostAsync(ClientPair.Bytes($"b{round}"));
            Assert.That(await ofA.MoveNextAsync(), Is.True);
        }

        Assert.That(logs[0].Updates, Is.LessThanOrEqualTo(Rounds));
        Assert.That(logs[1].Updates, Is.LessThanOrEqualTo(Rounds + 1), "one request waits for the first turn");
    }

    [Test]
    public async Task Successive_posts_share_requests()
    {
        var gate = new TaskCompletionSource();
        await using var proxy = new FaultyProxy(Server.Port, request =>
            request.IsUpdate(0) ? new ProxyPlan(NetworkFault.DelayRequest, gate.Task) : default);
        await using var pair = await ClientPair.StartAsync(proxy.Url, Defaults, urlB: Server.Url);
        var first = pair.A.SendAsync(ClientPair.Bytes("first"));
        await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.IsUpdate(0)), "it is on its way");
        foreach (var i in Enumerable.Range(0, 40))
            await pair.A.PostAsync(new byte[1000].Select(_ => (byte)('a' + (i % 26))).ToArray());
        var quit = pair.A.QuitAsync();
        gate.SetResult();
        Assert.That((await first, await quit), Is.EqualTo(((TurnFault?)null, (TurnFault?)null)));
        Assert.That(await ClientPair.ReadToEndAsync(pair.B), Has.Count.EqualTo(41));
        Assert.That(proxy.Requests.Count(request => request.Body.StartsWith("6,", StringComparison.Ordinal)),
            Is.EqualTo(4), "one, and three with at most 16 turns, none repeated");
    }

    [Test]
    public async Task A_buffer_may_be_reused_once_its_turn_is_posted()
    {
        var gate = new TaskCompletionSource();
        await using var proxy = new FaultyProxy(Server.Port, request =>
            request.IsUpdate(0) ? new ProxyPlan(NetworkFault.DelayRequest, gate.Task) : default);
        await using var pair = await ClientPair.StartAsync(proxy.Url, Defaults, urlB: Server.Url);
        await pair.A.PostAsync(ClientPair.Bytes("first"));
        await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.IsUpdate(0)), "it is on its way");
        var buffer = ClientPair.Bytes("second");
        await pair.A.PostAsync(buffer);
        buffer.AsSpan().Fill((byte)'|');
        gate.SetResult();
        Assert.That(await ClientPair.ReadAsync(pair.B, 2), Is.EqualTo(new[] { "first", "second" }));
    }

    [Test]
    public async Task Quitting_delivers_all_posted_turns()
    {
        await using var pair = await ClientPair.StartAsync(Server.Url, Defaults);
        var turns = Enumerable.Range(0, 200).Select(i => $"{i}").ToList();
        foreach (var turn in turns)
            await pair.A.PostAsync(ClientPair.Bytes(turn));
        Assert.That(await pair.A.QuitAsync(), Is.Null);
        Assert.That(await ClientPair.ReadToEndAsync(pair.B), Is.EqualTo(turns));
        Assert.That(pair.B.Ended!.HasPartnerQuit, Is.True);
        Assert.That(pair.A.Ended, Is.Null);
        Assert.That(async () => await pair.A.PostAsync(ClientPair.Bytes("late")), Throws.InvalidOperationException);
        Assert.That(await pair.B.SendAsync(ClientPair.Bytes("late")), Is.EqualTo(pair.B.Ended));
        Assert.That(await pair.A.QuitAsync(), Is.Null, "quitting twice is no fault");
        Assert.That(await ClientPair.ReadToEndAsync(pair.A), Is.Empty);
    }

    [Test]
    public async Task Quitting_does_not_wait_for_a_held_post()
    {
        await using var proxy = new FaultyProxy(Server.Port);
        await using var pair = await ClientPair.StartAsync(proxy.Url, Defaults, urlB: Server.Url);
        await pair.A.PostAsync(ClientPair.Bytes("held"));
        await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.IsUpdate(0)), "it is on its way");
        Assert.That(await pair.A.QuitAsync().WaitAsync(Defaults.Wait), Is.Null);
        Assert.That(await ClientPair.ReadToEndAsync(pair.B), Is.EqualTo(new[] { "held" }));
    }

    [Test]
    public async Task Abandoning_leaves_at_once()
    {
        await using var proxy = new FaultyProxy(Server.Port, request =>
            request.IsUpdate(0) ? new ProxyPlan(NetworkFault.SwallowRequest) : default);
        await using var pair = await ClientPair.StartAsync(proxy.Url, Defaults, urlB: Server.Url);
        var send = pair.A.SendAsync(ClientPair.Bytes("never"));
        await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.IsUpdate(0)), "it is on its way");
        await pair.A.AbandonAsync();
        Assert.That(async () => await send, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await ClientPair.ReadToEndAsync(pair.B), Is.Empty);
        Assert.That(pair.B.Ended!.HasPartnerQuit, Is.True);
    }

    [Test]
    public async Task Disposing_ends_sends_and_receives()
    {
        await using var proxy = new FaultyProxy(Server.Port, request =>
            request.IsUpdate(1) ? new ProxyPlan(NetworkFault.SwallowRequest) : default);
        await using var pair = await ClientPair.StartAsync(proxy.Url, Defaults, urlB: Server.Url);
        var receive = ClientPair.ReadToEndAsync(pair.A);
        await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.IsUpdate(0)), "a reply is held");
        var send = pair.A.SendAsync(ClientPair.Bytes("never"));
        await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.IsUpdate(1)), "it is on its way");
        await Task.WhenAll(pair.A.DisposeAsync().AsTask(), pair.A.DisposeAsync().AsTask());
        Assert.That(async () => await send, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await receive, Is.Empty);
        Assert.That(pair.A.Ended, Is.Null);
        Assert.That(async () => await pair.A.PostAsync(ClientPair.Bytes("late")), Throws.InvalidOperationException);
        await pair.A.DisposeAsync();
    }

    [Test]
    public async Task Invalid_turns_are_refused_by_the_client()
    {
        await using var pair = await ClientPair.StartAsync(Server.Url, Defaults);
        byte[][] bad = [[], new byte[TurnGame.TurnBytesMax + 1], ClientPair.Bytes("a|b"), [0xFF], [0xC3]];
        foreach (var turn in bad)
        {
            Assert.That(() => pair.A.SendAsync(turn), Throws.ArgumentException);
            Assert.That(async () => await pair.A.PostAsync(turn), Throws.ArgumentException);
        }

        await ClientPair.SendAsync(pair.A, "good");
        Assert.That(await ClientPair.ReadAsync(pair.B, 1), Is.EqualTo(new[] { "good" }));
    }
}
