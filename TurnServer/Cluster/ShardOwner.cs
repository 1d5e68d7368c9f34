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
    private readonly Lock _gate = new();

    // Changed under the gate: by the appender, and by what looks at the head.
    private volatile CancellationTokenSource _stalled = new();
    private bool _isReadFailing;

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
        owned.Appender.Unavailable = NoteUnavailable;
        owned.Appender.Available = () => NoteUnavailable(null);
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
                NoteRead(isFailing: false, goneBack: null);
            }
            catch (LogUnavailableException e)
            {
                // The appender reports other failures, and this one only if there is something to append.
                NoteRead(_clock.GetElapsedTime(readAt) >= StalledAfter, e.HasGoneBack ? e : _goneBack);
            }
        }
    }

    // Null: the appender works again.
    private void NoteUnavailable(LogUnavailableException? reason)
    {
        lock (_gate)
        {
            if (reason is null)
                _isReadFailing = false;
            NoteOutage(reason, _goneBack);
        }
    }

    private void NoteRead(bool isFailing, LogUnavailableException? goneBack)
    {
        lock (_gate)
        {
            _isReadFailing = isFailing;
            NoteOutage(_unavailable, goneBack);
        }
    }

    // Tells the operator, and the requests that wait.
    private void NoteOutage(LogUnavailableException? unavailable, LogUnavailableException? goneBack)
    {
        var (wasUnavailable, hadGoneBack) = (_unavailable, _goneBack);
        (_unavailable, _goneBack) = (unavailable, goneBack);
        if (hadGoneBack is null && goneBack is not null)
            _outages.Appending.Begin(_shardLog.Role, goneBack);
        else if (wasUnavailable is null && unavailable is not null && (goneBack is null || !unavailable.HasGoneBack))
            _outages.Appending.Begin(_shardLog.Role, unavailable);
        else if ((wasUnavailable ?? hadGoneBack) is not null && (unavailable ?? goneBack) is null)
            _outages.Appending.End(_shardLog.Role);

        // A log that is full is so for other servers too.
        var isStalled = _isReadFailing || unavailable is { IsFull: false };
        if (isStalled)
            _ = _stalled.CancelAsync();
        else if (_stalled.IsCancellationRequested)
            _stalled = new CancellationTokenSource();
    }

    private async Task<bool> NextTickAsync(CancellationToken stop)
    {
        await SharedTicks.WaitAsync(_clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !stop.IsCancellationRequested;
    }
}

/// <summary>Another server owns the shard; whether it knows of a request is unknown.</summary>
internal sealed class OwnershipLostException() : Exception("Another server owns the table now.");
