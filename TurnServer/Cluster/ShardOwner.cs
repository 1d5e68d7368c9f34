using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Cluster.Replication;
using TurnServer.Journal;
using TurnServer.Rules;

namespace TurnServer.Cluster;

/// <summary>
/// Answers requests as the owner of the shard: the actor, what appends its records to the log, and what writes
/// snapshots. It ends when another server has taken over, or in order.
/// </summary>
internal sealed class ShardOwner : IDisposable
{
    // No more than what a tick and a read that fails take together, so that the first failure counts: a read goes on
    // for as long as an election takes in the store.
    private static readonly TimeSpan StalledAfter = TimeSpan.FromSeconds(2.5);

    private readonly IShardLog _shardLog;
    private readonly OwnedShard _owned;
    private readonly ILogger _log;
    private readonly StoreOutages _outages;
    private readonly TimeProvider _clock;
    private readonly ShardCourier _courier;
    private volatile LogUnavailableException? _unavailable;
    private volatile LogUnavailableException? _goneBack;
    private volatile CancellationTokenSource _stalled = new();

    /// <param name="shardLog">The log.</param>
    /// <param name="owned">The shard.</param>
    /// <param name="grace">See <see cref="TurnActor.ExtendDeadlinesOnSuspension"/>.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="log">For the operator.</param>
    /// <param name="outages">Is told when nothing can be appended.</param>
    /// <param name="send">See <see cref="ShardCourier"/>; not used where there is one table for everything.</param>
    public ShardOwner(IShardLog shardLog, OwnedShard owned, TimeSpan grace, TimeProvider clock, ILogger log,
        StoreOutages outages, Func<int, ReadOnlyMemory<byte>, ValueTask<long?>> send)
    {
        _shardLog = shardLog;
        _owned = owned;
        _log = log;
        _outages = outages;
        _clock = clock;
        Actor = new TurnActor(owned.Table, clock, log);
        Actor.ExtendDeadlinesOnSuspension(grace);
        Actor.RecordIn(owned.Recorder);
        _courier = new ShardCourier(shardLog.Role.Number, owned.Table.Channels.Select(channel => channel.Peer), send,
            Actor.ReceiveAsync, clock);
        Actor.SendBy(_courier);
        owned.Appender.Unavailable = reason =>
        {
            _unavailable = reason;
            // No other server would have more room.
            if (!reason.IsFull)
                NoteStalled();
            if (!reason.HasGoneBack || _goneBack is null)
                outages.Appending.Begin(shardLog.Role, reason);
        };
        owned.Appender.Available = () =>
        {
            _unavailable = null;
            NoteAnswered();
            // Otherwise it is noted with the next look at the head.
            if (_goneBack is null)
                outages.Appending.End(shardLog.Role);
        };
    }

    /// <summary>Answers requests.</summary>
    public TurnActor Actor { get; }

    /// <summary>The last batch that is in the log.</summary>
    public long Position => _owned.Recorder.StoredPosition;

    /// <summary>What has been appended.</summary>
    public AppendCounters Counters => _owned.Appender.Counters;

    /// <summary>The size of the latest snapshot that this owner has written, in bytes.</summary>
    public long SnapshotBytes => _owned.Snapshotter.SnapshotBytes;

    /// <summary>Messages to other shards that those have not applied yet.</summary>
    public int MessagesWaiting => _courier.Waiting;

    /// <summary>See <see cref="ShardCourier.LongestWait"/>.</summary>
    public TimeSpan LongestMessageWait => _courier.LongestWait;

    /// <summary>Why nothing can be recorded, and requests are refused; null: it can. Any thread.</summary>
    public string? Problem => _goneBack is { } goneBack ? goneBack.Problem
        : !Actor.IsStalled ? null
        : _unavailable?.Problem
            ?? "the log has no room for more records: snapshots cannot be written, or the log is too slow";

    /// <summary>
    /// Canceled when the log has not been reached for longer than an election takes in the store: another server may
    /// have taken over, of which this one cannot learn. Another token once it is reached again. Any thread.
    /// </summary>
    public CancellationToken Stalled => _stalled.Token;

    /// <summary>Runs until the shard is another server's, or is handed over. Fails on a bug.</summary>
    /// <param name="handOver">Completes when the shard is to be handed over; no request may come after that.</param>
    /// <param name="stop">Ends without handing over.</param>
    /// <returns>Whether it was handed over in order.</returns>
    public async Task<bool> RunAsync(Task handOver, CancellationToken stop)
    {
        // It has taken over by an append.
        _outages.Appending.End(_shardLog.Role);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var actorLoop = Actor.RunAsync();
        var appending = Task.Run(() => _owned.Appender.RunAsync(ended.Token), CancellationToken.None);
        var snapshots = Task.Run(() => WriteSnapshotsAsync(ended.Token), CancellationToken.None);
        var replaced = UntilReplacedAsync(ended.Token);
        var messages = SendMessagesAsync(ended.Token);
        try
        {
            var first = await Task.WhenAny(actorLoop, appending, snapshots, replaced, messages, handOver);
            if (first == handOver)
            {
                var closing = CloseActorAsync(actorLoop);
                if (await Task.WhenAny(closing, appending) == closing)
                    await closing;
                first = await Task.WhenAny(appending, snapshots, replaced, messages);
            }

            if (first == replaced)
            {
                await replaced;
                return false;
            }

            // A bug in the actor, in writing snapshots or in sending messages ends the process, as it does without a
            // cluster.
            if (first != appending)
                await first;
            return await appending;
        }
        catch (Exception bug) when (actorLoop.IsFaulted)
        {
            throw new ActorFailedException(bug);
        }
        finally
        {
            await ended.CancelAsync();
            Fence();
            await actorLoop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ((Task)appending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await snapshots.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await replaced.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await messages.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // Those that other shards had to decide.
            Actor.FailUndecided(new OwnershipLostException());
            _outages.Appending.Leave(_shardLog.Role);
        }
    }

    public void Dispose() => Actor.Dispose();

    // Answers what is held and what is in the mailbox.
    private async Task CloseActorAsync(Task actorLoop)
    {
        await Task.WhenAny(Actor.DrainAsync(), actorLoop);
        Actor.Stop();
        await actorLoop;
        _owned.Recorder.Complete();
    }

    // Nothing that was not in the log is answered: the new owner does not know of it.
    private void Fence()
    {
        var reason = new OwnershipLostException();
        _owned.Recorder.Fence(reason);
        Actor.Abandon(reason);
    }

    private async Task WriteSnapshotsAsync(CancellationToken stop)
    {
        while (await NextTickAsync(stop))
        {
            var appended = Counters.Bytes;
            if (!_owned.Snapshotter.IsDue(appended))
                continue;
            try
            {
                // If another server owns the shard, that ends this loop.
                if (!await _owned.Snapshotter.TryWriteAsync(appended, stop))
                    continue;
                Log.ClusterSnapshotWritten(_log, SnapshotBytes);
            }
            catch (Exception e) when (e is LogUnavailableException or LogGapException)
            {
                Log.ClusterSnapshotFailed(_log, e.Message);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e) when (e is CorruptStateException or OtherLogVersionException or StateException)
            {
                // The table in memory is intact, and goes on until the log is full.
                Log.ClusterSnapshotsDisabled(_log, e);
                break;
            }
        }

        // Not before the shard is another's: this task must not be the first to end.
        await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // As with snapshots, not to be the first to end.
    private async Task SendMessagesAsync(CancellationToken stop)
    {
        await _courier.RunAsync(stop);
        await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // Held replies of an owner that appends nothing would otherwise be held until their time is over. Nothing else
    // depends on it: every reply to a player waits for an append, which the log refuses.
    private async Task UntilReplacedAsync(CancellationToken stop)
    {
        var readAt = _clock.GetTimestamp();
        while (true)
        {
            await SharedTicks.WaitAsync(_clock, stop);
            try
            {
                if ((await _shardLog.ReadHeadAsync(stop)).Epoch > _owned.Epoch)
                    return;
                readAt = _clock.GetTimestamp();
                if (_unavailable is null)
                    NoteAnswered();
                NoteGoneBack(null);
            }
            catch (LogUnavailableException e)
            {
                if (_clock.GetElapsedTime(readAt) >= StalledAfter)
                    NoteStalled();
                // The appender reports other failures, and this one only if there is something to append.
                if (e.HasGoneBack)
                    NoteGoneBack(e);
            }
        }
    }

    // All requests that wait for this are told on other threads.
    private void NoteStalled() => _ = _stalled.CancelAsync();

    private void NoteAnswered()
    {
        if (_stalled.IsCancellationRequested)
            _stalled = new CancellationTokenSource();
    }

    private void NoteGoneBack(LogUnavailableException? now)
    {
        if (_goneBack is null && now is not null)
            _outages.Appending.Begin(_shardLog.Role, now);
        else if (_goneBack is not null && now is null && _unavailable is null)
            _outages.Appending.End(_shardLog.Role);
        _goneBack = now;
    }

    private async Task<bool> NextTickAsync(CancellationToken stop)
    {
        await SharedTicks.WaitAsync(_clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !stop.IsCancellationRequested;
    }
}

/// <summary>Another server owns the shard; whether it knows of a request is unknown.</summary>
internal sealed class OwnershipLostException() : Exception("Another server owns the table now.");
