using Microsoft.Extensions.Time.Testing;
using TurnServer.Cluster;
using TurnServer.Cluster.Replication;
using TurnServer.Journal;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster;

/// <summary>When the owner's records are appended to the log.</summary>
internal sealed class ShardAppenderTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);

    // Only a failure needs this time: what must not happen would happen within it.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    [Test]
    public async Task Run_ARecordAlone_IsAppendedAtOnceAndThoseWithin5MillisecondsTogether()
    {
        var clock = new FakeTimeProvider();
        var store = new SharedStore();
        store.Append(store.Head.TakenOverBy("one"), new byte[1]);
        var table = new Table(new RulesOptions(), new RecordedKeys());
        var recorder = new ShardRecorder(store.Head.Position, 0, SharedStore.Capacity);
        var appender = new ShardAppender(store.Connect(), recorder, store.Head, clock, TimeSpan.Zero);
        var running = appender.RunAsync(CancellationToken.None);

        Record();
        await TestWait.UntilAsync(() => store.Head.Position == 2, "it is appended while the clock stands still");
        Record();
        await Task.Delay(Patience);
        Assert.That(store.Head.Position, Is.EqualTo(2), "less than 5 ms have passed");
        Record();
        await TestWait.UntilAsync(() => AdvanceUntil(store.Head.Position == 3), "the others are appended");
        recorder.Complete();
        await TestWait.UntilAsync(() => AdvanceUntil(running.IsCompleted), "the shard is handed over");

        Assert.That(await running);
        var batches = store.ReadOn(1);
        Assert.That(batches, Has.Count.EqualTo(3), "one record, two, and the hand-over");
        Assert.That(batches[1].Content.Length, Is.GreaterThan(batches[0].Content.Length));

        void Record()
        {
            Assert.That(recorder.TryReserve(0, table));
            recorder.Record(RecordKind.Refused, TimeSpan.Zero);
        }

        bool AdvanceUntil(bool isDone)
        {
            if (!isDone)
                clock.Advance(Interval);
            return isDone;
        }
    }
}
