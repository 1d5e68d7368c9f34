using TurnServer.Client;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>Requests that come late, twice or never, one at a time (PROTOCOL.md, "Saying what has arrived").</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class ReorderTests
{
    private static readonly TurnClientOptions Defaults = new();

    // One that gives a request up as soon as it may.
    private static readonly TurnClientOptions Hasty = new() { ReplyTimeout = TimeSpan.FromMilliseconds(200) };

    private ServerChild _server = null!;

    [OneTimeSetUp]
    public async Task StartServer() => _server = await ServerChild.StartAsync();

    [OneTimeTearDown]
    public async Task StopServer() => await _server.DisposeAsync();

    [Test]
    public async Task A_held_post_that_comes_late_takes_no_turn_with_it()
    {
        var (gate, late) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var proxy = new FaultyProxy(_server.Port, request =>
        {
            if (request.IsUpdate(0) && request.MayBeHeld)
                return new ProxyPlan(ProxyFault.DelayRequest, gate.Task, late.SetResult);
            return request.IsUpdate(1) ? new ProxyPlan(ProxyFault.DelayRequest, late.Task) : default;
        });
        await using var pair = await ClientPair.StartAsync(proxy.Url, Defaults, urlB: _server.Url);
        await pair.A.PostAsync(ClientPair.Bytes("a0"));
        await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.IsUpdate(0)), "a0 is on its way");
        // It cuts the held one short, asks for it again, and goes out after it.
        var send = pair.A.SendAsync(ClientPair.Bytes("a1"));
        await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.IsUpdate(1)), "a1 is on its way");
        await ClientPair.SendAsync(pair.B, "b0");
        // Now the one that nobody waits for is given b0.
        gate.SetResult();
        Assert.That(await send.WaitAsync(TestWait.Timeout), Is.Null);
        await ClientPair.SendAsync(pair.B, "b1");
        Assert.That(await ClientPair.ReadAsync(pair.A, 2), Is.EqualTo(new[] { "b0", "b1" }));
        Assert.That(await ClientPair.ReadAsync(pair.B, 2), Is.EqualTo(new[] { "a0", "a1" }));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_copy_that_comes_after_its_reply_takes_no_turn_with_it(bool isGivenUp)
    {
        var (gate, late, attempts) = (new TaskCompletionSource(), new TaskCompletionSource(), 0);
        // One that was given up, or one that was answered and that something on the way sends again.
        var fault = isGivenUp ? ProxyFault.DelayRequest : ProxyFault.SendAgainLater;
        await using var proxy = new FaultyProxy(_server.Port, request =>
            request.IsUpdate(0) && Interlocked.Increment(ref attempts) == 1
                ? new ProxyPlan(fault, gate.Task, late.SetResult)
                : default);
        await using var pair = await ClientPair.StartAsync(proxy.Url, isGivenUp ? Hasty : Defaults, Defaults,
            _server.Url);
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
    public async Task A_send_beside_a_held_reply_whose_request_never_came_goes_out(bool comesLate)
    {
        var gate = new TaskCompletionSource();
        await using var proxy = new FaultyProxy(_server.Port, request =>
            request.IsUpdate(0) && request.MayBeHeld
                ? new ProxyPlan(comesLate ? ProxyFault.DelayRequest : ProxyFault.SwallowRequest, gate.Task)
                : default);
        await using var pair = await ClientPair.StartAsync(proxy.Url, Defaults, urlB: _server.Url);
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
            "before and after the one that the server had not seen");
    }

    [Test]
    public async Task Two_requests_that_both_come_while_the_first_is_asked_again_are_taken()
    {
        var (again, held, late) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource());
        var attempts = 0;
        await using var proxy = new FaultyProxy(_server.Port, request =>
        {
            if (request.IsUpdate(0) && request.MayBeHeld)
                return new ProxyPlan(ProxyFault.DelayRequest, again.Task, held.SetResult);
            if (request.IsUpdate(1) && Interlocked.Increment(ref attempts) == 1)
                return new ProxyPlan(ProxyFault.DelayRequest, held.Task, late.SetResult);
            if (!request.IsUpdate(0))
                return default;
            again.TrySetResult();
            return new ProxyPlan(ProxyFault.DelayRequest, late.Task);
        });
        await using var pair = await ClientPair.StartAsync(proxy.Url, Hasty, Defaults, _server.Url);
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
    public async Task A_held_reply_with_turns_that_is_cut_short_comes_again()
    {
        var (gate, answered) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var proxy = new FaultyProxy(_server.Port, request => request.IsUpdate(0) && request.MayBeHeld
            ? new ProxyPlan(ProxyFault.DelayReply, gate.Task, answered.SetResult)
            : default);
        await using var pair = await ClientPair.StartAsync(proxy.Url, Defaults, urlB: _server.Url);
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
    public async Task A_turn_whose_first_reply_is_lost_comes_once(string turn)
    {
        var attempts = 0;
        await using var proxy = new FaultyProxy(_server.Port, request =>
            request.IsUpdate(0) && Interlocked.Increment(ref attempts) == 1
                ? new ProxyPlan(ProxyFault.DropReply)
                : default);
        await using var pair = await ClientPair.StartAsync(proxy.Url, Defaults, urlB: _server.Url);
        await ClientPair.SendAsync(pair.B, turn);
        var receive = ClientPair.ReadAsync(pair.A, 3);
        await TestWait.UntilAsync(() => proxy.Requests.Count(request => request.IsUpdate(0)) == 2, "it asks again");
        await ClientPair.SendAsync(pair.B, "*");
        await ClientPair.SendAsync(pair.B, "b1");
        Assert.That(await receive, Is.EqualTo(new[] { turn, "*", "b1" }));
    }

    [Test]
    public async Task A_cancelled_receive_loses_no_turn()
    {
        const int Turns = 500;
        await using var pair = await ClientPair.StartAsync(_server.Url, Defaults);
        var send = SendAllAsync();
        var read = new List<string>();
        var cancelled = 0;
        while (read.Count < Turns)
        {
            using var cancel = new CancellationTokenSource();
            // By the reader in the middle, or by the clock while it waits.
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
    public async Task A_receive_ends_when_it_is_cancelled_even_with_more_to_read()
    {
        await using var pair = await ClientPair.StartAsync(_server.Url, Defaults);
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
}
