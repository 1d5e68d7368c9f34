using TurnServer.Client;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>Single requests that are delayed, duplicated or lost (PROTOCOL.md, "Saying what has arrived").</summary>
[TestFixture(Transports.Http), TestFixture(Transports.WebSocket), Parallelizable(ParallelScope.All)]
internal sealed class ReorderTests(string scheme) : ServerFixture
{
    private static readonly TurnClientOptions Defaults = new();

    // Gives up a request early.
    private static readonly TurnClientOptions Impatient = new() { ReplyTimeout = TimeSpan.FromMilliseconds(200) };

    [Test]
    public async Task A_delayed_held_post_loses_no_turn()
    {
        var (gate, late) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var proxy = new FaultyProxy(Server.Port, request =>
        {
            if (request.IsUpdate(0) && request.MayBeHeld)
                return new ProxyPlan(NetworkFault.DelayRequest, gate.Task, late.SetResult);
            return request.IsUpdate(1) ? new ProxyPlan(NetworkFault.DelayRequest, late.Task) : default;
        });
        await using var pair = await ClientPair.StartAsync(proxy.Url.Over(scheme), Defaults, urlB: Url);
        await pair.A.PostAsync(ClientPair.Bytes("a0"));
        await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.IsUpdate(0)), "a0 is on its way");
        // It abandons the held request, repeats it, and is sent after it.
        var send = pair.A.SendAsync(ClientPair.Bytes("a1"));
        await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.IsUpdate(1)), "a1 is on its way");
        await ClientPair.SendAsync(pair.B, "b0");
        // Now the abandoned request gets b0.
        gate.SetResult();
        Assert.That(await send.WaitAsync(TestWait.Timeout), Is.Null);
        await ClientPair.SendAsync(pair.B, "b1");
        Assert.That(await ClientPair.ReadAsync(pair.A, 2), Is.EqualTo(new[] { "b0", "b1" }));
        Assert.That(await ClientPair.ReadAsync(pair.B, 2), Is.EqualTo(new[] { "a0", "a1" }));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_copy_that_arrives_after_the_reply_loses_no_turn(bool isGivenUp)
    {
        var (gate, late, attempts) = (new TaskCompletionSource(), new TaskCompletionSource(), 0);
        // The client has given it up, or the network duplicates it.
        var fault = isGivenUp ? NetworkFault.DelayRequest : NetworkFault.SendAgainLater;
        await using var proxy = new FaultyProxy(Server.Port, request =>
            request.IsUpdate(0) && Interlocked.Increment(ref attempts) == 1
                ? new ProxyPlan(fault, gate.Task, late.SetResult)
                : default);
        await using var pair = await ClientPair.StartAsync(proxy.Url.Over(scheme),
            isGivenUp ? Impatient : Defaults, Defaults, Url);
        await ClientPair.SendAsync(pair.A, "a0");
        await ClientPair.SendAsync(pair.B, "b0");
        gate.SetResult();
        await late.Task.WaitAsync(TestWait.Timeout);
        await ClientPair.SendAsync(pair.A, "a1");
        await ClientPair.SendAsync(pair.B, "b1");
        Assert.That(await ClientPair.ReadAsync(pair.A, 2), Is.EqualTo(new[] { "b0", "b1" }));
        Assert.That(await ClientPair.ReadAsync(pair.B, 2), Is.EqualTo(new[] { "a0", "a1" }));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_send_goes_out_although_the_held_request_was_lost_or_delayed(bool isDelayed)
    {
        var gate = new TaskCompletionSource();
        await using var proxy = new FaultyProxy(Server.Port, request =>
            request.IsUpdate(0) && request.MayBeHeld
                ? new ProxyPlan(isDelayed ? NetworkFault.DelayRequest : NetworkFault.SwallowRequest, gate.Task)
                : default);
        await using var pair = await ClientPair.StartAsync(proxy.Url.Over(scheme), Defaults, urlB: Url);
        var receive = ClientPair.ReadAsync(pair.A, 2);
        await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.IsUpdate(0)), "it waits for turns");
        await ClientPair.SendAsync(pair.B, "b0");
        await ClientPair.SendAsync(pair.A, "a0");
        gate.SetResult();
        await ClientPair.SendAsync(pair.B, "b1");
        Assert.That(await receive, Is.EqualTo(new[] { "b0", "b1" }));
        await ClientPair.SendAsync(pair.A, "a1");
        Assert.That(await ClientPair.ReadAsync(pair.B, 2), Is.EqualTo(new[] { "a0", "a1" }));
        Assert.That(proxy.Requests.Count(request => request.IsUpdate(1) && !request.IsEmptyUpdate(1)), Is.EqualTo(2),
            "before and after the repeated held request");
    }

    [Test]
    public async Task A_held_request_and_its_successor_may_arrive_while_the_first_is_repeated()
    {
        var (again, held, late) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource());
        var attempts = 0;
        await using var proxy = new FaultyProxy(Server.Port, request =>
        {
            if (request.IsUpdate(0) && request.MayBeHeld)
                return new ProxyPlan(NetworkFault.DelayRequest, again.Task, held.SetResult);
            if (request.IsUpdate(1) && Interlocked.Increment(ref attempts) == 1)
                return new ProxyPlan(NetworkFault.DelayRequest, held.Task, late.SetResult);
            if (!request.IsUpdate(0))
                return default;
            again.TrySetResult();
            return new ProxyPlan(NetworkFault.DelayRequest, late.Task);
        });
        await using var pair = await ClientPair.StartAsync(proxy.Url.Over(scheme), Impatient, Defaults, Url);
        var receive = ClientPair.ReadAsync(pair.A, 2);
        await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.IsUpdate(0)), "it waits for turns");
        await ClientPair.SendAsync(pair.B, "b0");
        await ClientPair.SendAsync(pair.A, "a0");
        await ClientPair.SendAsync(pair.A, "a1");
        await ClientPair.SendAsync(pair.B, "b1");
        Assert.That(await receive, Is.EqualTo(new[] { "b0", "b1" }));
        Assert.That(await ClientPair.ReadAsync(pair.B, 2), Is.EqualTo(new[] { "a0", "a1" }));
    }

    [Test]
    public async Task The_turns_of_an_abandoned_held_reply_come_again()
    {
        var (gate, answered) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var proxy = new FaultyProxy(Server.Port, request => request.IsUpdate(0) && request.MayBeHeld
            ? new ProxyPlan(NetworkFault.DelayReply, gate.Task, answered.SetResult)
            : default);
        await using var pair = await ClientPair.StartAsync(proxy.Url.Over(scheme), Defaults, urlB: Url);
        var receive = ClientPair.ReadAsync(pair.A, 2);
        await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.IsUpdate(0)), "it waits for turns");
        await ClientPair.SendAsync(pair.B, "b0");
        await answered.Task.WaitAsync(TestWait.Timeout);
        await ClientPair.SendAsync(pair.A, "a0");
        gate.SetResult();
        await ClientPair.SendAsync(pair.B, "b1");
        Assert.That(await receive, Is.EqualTo(new[] { "b0", "b1" }));
    }

    [TestCase("*")]
    [TestCase("**")]
    [TestCase("b0")]
    public async Task A_turn_arrives_once_although_its_first_reply_is_lost(string turn)
    {
        var attempts = 0;
        await using var proxy = new FaultyProxy(Server.Port, request =>
            request.IsUpdate(0) && Interlocked.Increment(ref attempts) == 1
                ? new ProxyPlan(NetworkFault.DropReply)
                : default);
        await using var pair = await ClientPair.StartAsync(proxy.Url.Over(scheme), Defaults, urlB: Url);
        await ClientPair.SendAsync(pair.B, turn);
        var receive = ClientPair.ReadAsync(pair.A, 3);
        await TestWait.UntilAsync(() => proxy.Requests.Count(request => request.IsUpdate(0)) == 2,
            "it repeats the request");
        await ClientPair.SendAsync(pair.B, "*");
        await ClientPair.SendAsync(pair.B, "b1");
        Assert.That(await receive, Is.EqualTo(new[] { turn, "*", "b1" }));
    }

    [Test]
    public async Task A_cancelled_receive_loses_no_turn()
    {
        const int Turns = 500;
        await using var pair = await ClientPair.StartAsync(Url, Defaults);
        var send = SendAllAsync();
        var read = new List<string>();
        var cancelled = 0;
        while (read.Count < Turns)
        {
            using var cancel = new CancellationTokenSource();
            // Cancelled by the reader between turns, or by a timer while it waits.
            var left = Random.Shared.Next(20);
            cancel.CancelAfter(TimeSpan.FromMilliseconds(left));
            try
            {
                await foreach (var turn in pair.B.ReceiveAsync(cancel.Token))
                {
                    read.Add(WireText.Of(turn.Span));
                    if (left-- == 0)
                        await cancel.CancelAsync();
                }

                Assert.Fail($"The game ended: {pair.B.Ended}");
            }
            catch (OperationCanceledException)
            {
                cancelled++;
            }
        }

        await send;
        Assert.That(read, Is.EqualTo(Enumerable.Range(0, Turns).Select(i => $"{i}")));
        Assert.That(cancelled, Is.GreaterThan(1));

        async Task SendAllAsync()
        {
            for (var i = 0; i < Turns; i++)
                await pair.A.PostAsync(ClientPair.Bytes($"{i}"));
        }
    }

    [Test]
    public async Task A_cancelled_receive_ends_although_more_turns_are_there()
    {
        await using var pair = await ClientPair.StartAsync(Url, Defaults);
        await pair.A.PostAsync(ClientPair.Bytes("a0"));
        await pair.A.PostAsync(ClientPair.Bytes("a1"));
        await pair.A.QuitAsync();
        using var cancel = new CancellationTokenSource();
        await using var turns = pair.B.ReceiveAsync(cancel.Token).GetAsyncEnumerator(CancellationToken.None);
        Assert.That(await turns.MoveNextAsync(), Is.True);
        await cancel.CancelAsync();
        Assert.That(async () => await turns.MoveNextAsync(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await ClientPair.ReadToEndAsync(pair.B), Is.EqualTo(new[] { "a1" }));
    }

    private Uri Url => Server.Url.Over(scheme);
}
