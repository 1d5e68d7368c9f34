using TurnServer.Client;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>Back-pressure: players that send more than their partners read.</summary>
[TestFixture(Transports.Http), TestFixture(Transports.WebSocket), Parallelizable(ParallelScope.All)]
internal sealed class FlowTests(string scheme) : ServerFixture("--game-timeout", "120")
{
    // Eight such turns fill a backlog of the server.
    private const int TurnLength = 16_000;
    private const int Turns = 60;

    // A full inbox, one more block, and a full backlog.
    private const int TurnsBuffered = 3 * ProtocolLimits.BacklogBytesMax / TurnLength;

    // Sends nothing by itself.
    private static readonly TurnClientOptions Idle = new() { KeepAlive = TimeSpan.FromHours(1) };

    [Test]
    public async Task A_player_that_does_not_read_blocks_the_sender_and_loses_no_turn()
    {
        var log = new AttemptLog();
        await using var pair = await ClientPair.StartAsync(Url, new() { Observer = log.Note },
            new() { KeepAlive = TimeSpan.FromMilliseconds(10) });
        var sends = SendAll(pair.A);
        await FullAsync(log);
        Assert.That(sends.Count(send => send.IsCompleted), Is.InRange(8, TurnsBuffered));
        Assert.That(await ClientPair.ReadAsync(pair.B, Turns), Is.EqualTo(Enumerable.Range(0, Turns).Select(Turn)));
        Assert.That(await Task.WhenAll(sends), Has.All.Null);
    }

    [Test]
    public async Task Two_players_that_flood_and_do_not_read_do_not_deadlock()
    {
        AttemptLog[] logs = [new(), new()];
        await using var pair = await ClientPair.StartAsync(Url, Idle with { Observer = logs[0].Note },
            Idle with { Observer = logs[1].Note });
        var sends = pair.Games.SelectMany(SendAll).ToList();
        // A player with a full inbox sends nothing until it is read; the other may be refused again and again.
        var (updates, before) = (0, -1);
        while ((updates == 0 || updates != before) && !logs.Any(log => log.Count(ErrorCode.GameCacheMaxed) >= 8))
        {
            await Task.Delay(300);
            (updates, before) = (logs.Sum(log => log.Updates), updates);
        }

        Assert.That(sends.Count(send => !send.IsCompleted), Is.GreaterThan(2));
        var read = await Task.WhenAll(pair.Games.Select(game => ClientPair.ReadAsync(game, Turns)));
        Assert.That(read, Has.All.EqualTo(Enumerable.Range(0, Turns).Select(Turn)));
        Assert.That(await Task.WhenAll(sends), Has.All.Null);
    }

    [Test]
    public async Task Cancelling_a_waiting_send_keeps_the_order_of_the_others()
    {
        var log = new AttemptLog();
        await using var pair = await ClientPair.StartAsync(Url, Idle with { Observer = log.Note }, Idle);
        using var cancel = new CancellationTokenSource();
        var sends = Enumerable.Range(0, 200).Select(i =>
            pair.A.SendAsync(ClientPair.Bytes(Turn(i)), i % 2 == 0 ? default : cancel.Token)).ToList();
        await FullAsync(log);
        await cancel.CancelAsync();
        var read = ClientPair.ReadToEndAsync(pair.B);
        for (var i = 0; i < sends.Count; i += 2)
            Assert.That(await sends[i].WaitAsync(2 * TestWait.Timeout), Is.Null);
        Assert.That(await pair.A.QuitAsync(), Is.Null);
        var numbers = (await read).Select(turn => int.Parse(turn[..6])).ToList();
        Assert.That(numbers, Is.Ordered.And.Unique);
        Assert.That(numbers.Where(number => number % 2 == 0).Count(), Is.EqualTo(100));
        Assert.That(numbers, Does.Not.Contain(199), "the last waited for room");
        Assert.That(sends.Count(send => send.IsCanceled), Is.GreaterThan(50));
    }

    [Test]
    public async Task Waiting_for_room_can_be_cancelled()
    {
        var log = new AttemptLog();
        await using var pair = await ClientPair.StartAsync(Url, Idle with { Observer = log.Note }, Idle);
        using var cancel = new CancellationTokenSource();
        var posted = 0;
        var posts = PostAsync();
        await FullAsync(log);
        await cancel.CancelAsync();
        Assert.That(async () => await posts, Throws.InstanceOf<OperationCanceledException>());
        var cancelled = new CancellationToken(true);
        Assert.That(() => pair.A.QuitAsync(cancelled), Throws.InstanceOf<OperationCanceledException>());
        var read = ClientPair.ReadToEndAsync(pair.B);
        Assert.That(await pair.A.QuitAsync(), Is.Null);
        Assert.That(await read, Is.EqualTo(Enumerable.Range(0, posted).Select(Turn)));

        async Task PostAsync()
        {
            for (; ; posted++)
                await pair.A.PostAsync(ClientPair.Bytes(Turn(posted)), cancel.Token);
        }
    }

    [Test]
    public async Task A_refused_turn_arrives_once_although_the_refusals_are_lost()
    {
        var dropped = 0;
        await using var proxy = new FaultyProxy(Server.Port, request =>
            request.IsUpdate(8) && !request.IsEmptyUpdate(8) && Interlocked.Increment(ref dropped) <= 3
                ? new ProxyPlan(NetworkFault.DropReply)
                : default);
        var log = new AttemptLog();
        await using var pair = await ClientPair.StartAsync(proxy.Url.Over(scheme), Idle with { Observer = log.Note },
            Idle, Url);
        await FillAsync(pair.A);
        var refused = pair.A.SendAsync(ClientPair.Bytes(Turn(8)));
        await FullAsync(log);
        var read = ClientPair.ReadAsync(pair.B, 10);
        Assert.That(await refused, Is.Null);
        await ClientPair.SendAsync(pair.A, Turn(9));
        Assert.That(await read, Is.EqualTo(Enumerable.Range(0, 10).Select(Turn)));
    }

    [Test]
    public async Task A_refused_turn_arrives_once_although_its_first_attempt_comes_late_and_is_taken()
    {
        var (gate, late, attempts) = (new TaskCompletionSource(), new TaskCompletionSource(), 0);
        await using var proxy = new FaultyProxy(Server.Port, request =>
            request.IsUpdate(8) && Interlocked.Increment(ref attempts) == 1
                ? new ProxyPlan(NetworkFault.DelayRequest, gate.Task, () => late.TrySetResult())
                : default);
        var log = new AttemptLog();
        await using var pair = await ClientPair.StartAsync(proxy.Url.Over(scheme),
            Idle with { Observer = log.Note, ReplyTimeout = TimeSpan.FromMilliseconds(300) }, Idle, Url);
        await FillAsync(pair.A);
        var refused = pair.A.SendAsync(ClientPair.Bytes(Turn(8)));
        await FullAsync(log);
        var read = ClientPair.ReadAsync(pair.B, 10);
        gate.SetResult();
        await late.Task.WaitAsync(TestWait.Timeout);
        Assert.That(await refused, Is.Null);
        await ClientPair.SendAsync(pair.A, Turn(9));
        Assert.That(await read, Is.EqualTo(Enumerable.Range(0, 10).Select(Turn)));
    }

    private Uri Url => Server.Url.Over(scheme);

    private static string Turn(int number) => $"{number:000000}{new string('.', TurnLength - 6)}";

    private static List<Task<TurnFault?>> SendAll(TurnGame game) =>
        [.. Enumerable.Range(0, Turns).Select(i => game.SendAsync(ClientPair.Bytes(Turn(i))))];

    // Eight turns in eight updates.
    private static async Task FillAsync(TurnGame game)
    {
        for (var i = 0; i < 8; i++)
            await ClientPair.SendAsync(game, Turn(i));
    }

    // Refused several times in a row: by then the pauses exceed the time in which the partner collects by itself.
    private static Task FullAsync(AttemptLog log) =>
        TestWait.UntilAsync(() => log.Count(ErrorCode.GameCacheMaxed) >= 8, "the backlog is full");
}
