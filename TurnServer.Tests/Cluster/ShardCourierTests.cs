using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using TurnServer.Actor;
using TurnServer.Cluster;
using TurnServer.Rules.Shards;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster;

/// <summary>What the courier sends to another shard, and tells its own.</summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ShardCourierTests : IAsyncDisposable
{
    private const int Peer = 3;

    private readonly ConcurrentQueue<ShardFrame> _sent = [];
    private readonly ConcurrentQueue<ShardFrame> _told = [];
    private readonly CancellationTokenSource _stop = new();
    private Func<ShardFrame, long?> _answer = frame => frame.First + frame.Messages.Count - 1;
    private bool _isBusy;
    private Task _running = Task.CompletedTask;

    [Test]
    public async Task Messages_are_sent_again_until_they_are_applied()
    {
        var attempts = 0;
        _answer = frame => ++attempts < 3 ? null : frame.First + frame.Messages.Count - 1;
        var courier = Start(self: 0);
        courier.Send(Peer, Frame(first: 1, count: 2));
        await TestWait.UntilAsync(() => courier.Waiting == 0, "they are applied");
        Assert.That(_sent.Select(frame => (frame.First, frame.Messages.Count)),
            Is.EqualTo(new[] { (1L, 2), (1L, 2), (1L, 2) }));
    }

    [Test]
    public async Task What_is_applied_in_part_is_sent_from_there()
    {
        _answer = frame => frame.First == 1 ? 2 : 5;
        var courier = Start(self: 0);
        courier.Send(Peer, Frame(first: 1, count: 5));
        await TestWait.UntilAsync(() => courier.Waiting == 0, "they are applied");
        Assert.That(_sent.Select(frame => frame.First), Is.EqualTo(new[] { 1L, 3L }));
    }

    [Test]
    public async Task What_a_new_owner_has_to_send_begins_with_its_own_number()
    {
        var courier = Start(self: 0);
        courier.Send(Peer, Frame(first: 41, count: 1) with { Applied = 7 });
        await TestWait.UntilAsync(() => courier.Waiting == 0, "it is applied");
        var frame = _sent.Single();
        Assert.That((frame.From, frame.First, frame.Applied), Is.EqualTo((0, 41L, 7L)));
    }

    [Test]
    public async Task The_oldest_message_says_for_how_long_one_waits()
    {
        var clock = new FakeTimeProvider();
        _answer = _ => null;
        var courier = Start(self: 0, clock: clock);
        Assert.That(courier.LongestWait, Is.EqualTo(TimeSpan.Zero));
        courier.Send(Peer, Frame(first: 1, count: 1));
        clock.Advance(TimeSpan.FromSeconds(20));
        courier.Send(Peer, Frame(first: 2, count: 1));
        var secondAt = clock.GetUtcNow();
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.That(courier.LongestWait, Is.EqualTo(TimeSpan.FromSeconds(30)));
        _answer = frame => frame.First == 1 ? 1 : null;
        await TestWait.UntilAsync(() =>
        {
            clock.Advance(TimeSpan.FromMilliseconds(50));
            return courier.Waiting == 1;
        }, "the first is applied");
        Assert.That(courier.LongestWait, Is.EqualTo(clock.GetUtcNow() - secondAt));
    }

    [Test]
    public async Task A_shard_with_games_is_told_at_once_and_again_if_it_could_not_be()
    {
        _isBusy = true;
        var courier = Start(self: Peer, peer: 0);
        courier.Send(0, Frame(first: 1, count: 1));
        await TestWait.UntilAsync(() => courier.Waiting == 0, "it is applied");
        _isBusy = false;
        await TestWait.UntilAsync(() => !_told.IsEmpty, "it is told");
        var told = _told.First();
        Assert.That((told.From, told.Applied, told.Messages.Count), Is.EqualTo((0, 1L, 0)));
    }

    [Test]
    public async Task The_lobby_is_told_of_many_at_once()
    {
        var courier = Start(self: 0);
        for (var number = 1; number <= 64; number++)
            courier.Send(Peer, Frame(number, count: 1));
        await TestWait.UntilAsync(() => !_told.IsEmpty, "it is told");
        Assert.That(_told.Count, Is.LessThan(10));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await TestWait.ForAsync(_running);
        _stop.Dispose();
    }

    private static ShardFrame Frame(long first, int count) =>
        new(From: 0, Applied: 0, first, [.. Enumerable.Range(0, count).Select(_ => new byte[] { 7 })]);

    private ShardCourier Start(int self, int peer = Peer, TimeProvider? clock = null)
    {
        var courier = new ShardCourier(self, [peer], (_, bytes) =>
        {
            var frame = ShardFrame.Read(bytes.Span);
            _sent.Enqueue(frame);
            return ValueTask.FromResult(_answer(frame));
        }, bytes =>
        {
            if (_isBusy)
                return Task.FromException<long>(new ActorBusyException());
            _told.Enqueue(ShardFrame.Read(bytes.Span));
            return Task.FromResult(0L);
        }, clock ?? TimeProvider.System);
        _running = courier.RunAsync(_stop.Token);
        return courier;
    }
}
