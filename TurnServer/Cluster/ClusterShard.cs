using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Cluster.Replication;
using TurnServer.Rules;

namespace TurnServer.Cluster;

/// <summary>
/// One shard as a server of the cluster sees it: the server follows its log as a standby, owns its table when it is its
/// turn, and knows where the table is at any time.
/// </summary>
internal sealed class ClusterShard : ITableQueries, IDisposable
{
    private readonly IShardLog _shardLog;
    private readonly Func<TurnActor, IPlayerGateway> _createGateway;
    private readonly TimeSpan _grace;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly ClusterMember _self;
    private readonly ShardReplica _replica;
    private readonly ShardStandby _standby;
    private readonly TaskCompletionSource _handOver = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guards the choice of the route, which several threads make.
    private readonly Lock _gate = new();
    private volatile Route _route = new();
    private volatile IReadOnlyList<ClusterMember> _alive = [];
    private volatile ShardOwner? _owner;
    private volatile Task _owning = Task.CompletedTask;
    private IPlayerGateway? _here;
    private AppendTotals _appendedBefore;

    /// <param name="self">This server.</param>
    /// <param name="log">The shard's log.</param>
    /// <param name="candidate">Takes over for this server.</param>
    /// <param name="grace">How long nobody is dropped for silence after a freeze of this process.</param>
    /// <param name="createGateway">Creates what asks an actor of this server.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="messages">For the operator.</param>
    public ClusterShard(ClusterMember self, IShardLog log, ShardCandidate candidate, TimeSpan grace,
        Func<TurnActor, IPlayerGateway> createGateway, TimeProvider clock, ILogger messages)
    {
        _self = self;
        _shardLog = log;
        _grace = grace;
        _createGateway = createGateway;
        _clock = clock;
        _log = messages;
        Signs = new OwnerSigns(clock);
        _replica = new ShardReplica(Signs, () =>
        {
            _standby!.Reconsider();
            ChooseRoute();
        });
        _standby = new ShardStandby(log, _replica, candidate, self.Id, Signs, clock, messages);
        Signs.Changed = _standby.Reconsider;
    }

    /// <summary>Which shard it is.</summary>
    public ShardRole Role => _shardLog.Role;

    /// <summary>Whether the owner is alive; the link to it tells too.</summary>
    public OwnerSigns Signs { get; }

    /// <summary>Where the table is. Any thread.</summary>
    public Route Route => _route;

    /// <summary>Whether requests may still find an owner: this server is not about to stop as the last one.</summary>
    public bool MayFindOwner => _standby.IsCandidate || _alive.Any(member => member.Id != _self.Id);

    /// <summary>Whether passing requests on to the owner works; set by what does it.</summary>
    public Func<bool> IsPassingOn { get; set; } = () => true;

    /// <summary>Whether the owner has been out of reach for too long; set by what passes requests on.</summary>
    public Func<bool> IsOwnerUnreachable { get; set; } = () => false;

    /// <summary>
    /// Sends messages to the owner of another shard (<see cref="ShardCourier"/>); set by what passes requests on.
    /// </summary>
    public Func<int, ReadOnlyMemory<byte>, ValueTask<long?>> Send { get; set; } = (_, _) => default;

    /// <summary>
    /// Called when another server has become the owner, and with null when this one has. Under a lock: it must not call
    /// back.
    /// </summary>
    public Action<ClusterMember?>? OwnerFound { get; set; }

    /// <summary>How far this server has followed, or written, the log.</summary>
    public long Position => _owner?.Position ?? _replica.Position;

    /// <summary>What the shard looks like from here. Any thread.</summary>
    public ClusterStatus GetStatus()
    {
        ShardOwner? here;
        AppendTotals appended;
        lock (_gate)
        {
            here = _owner;
            appended = here is null ? _appendedBefore : _appendedBefore + here.Counters.Read();
        }

        var owner = here is null ? _replica.Owner : _self.Id;
        var position = here?.Position ?? _replica.Position;
        var takeOvers = _replica.TakeOvers;
        return new ClusterStatus
        {
            Self = _self.Id,
            Members = MemberStatus.Of(_alive, _self.Id, owner, position),
            Owner = owner,
            Epoch = _replica.Epoch,
            Position = position,
            TakeOvers = takeOvers.Latest,
            TakeOversByCause = takeOvers.CountsByCause,
            Appended = appended,
            SnapshotBytes = here?.SnapshotBytes ?? 0,
            Problem = Problem,
            StandbyProblem = here is null ? _standby.Problem : null,
        };
    }

    /// <summary>
    /// Follows and owns in turn until <paramref name="stop"/>; fails on a bug, and when the actor does.
    /// </summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (await _standby.FollowAsync(stop) is { } owned)
        {
            _owning = OwnAsync(owned, stop);
            await _owning;
        }
    }

    /// <summary>
    /// Gives messages of another shard to the owner, if it is here. The number of the last one that has been applied;
    /// null: it is not here, or cannot take them now.
    /// </summary>
    /// <exception cref="CorruptStateException">They are not messages.</exception>
    public async ValueTask<long?> ReceiveAsync(ReadOnlyMemory<byte> frame)
    {
        if (_owner is not { } owner)
            return null;
        try
        {
            return await owner.Actor.ReceiveAsync(frame);
        }
        catch (Exception e) when (e is ActorBusyException or ActorFailedException or OwnershipLostException)
        {
            return null;
        }
    }

    /// <summary>Says which servers are registered.</summary>
    public void SetAlive(IReadOnlyList<ClusterMember> alive)
    {
        _alive = alive;
        Signs.SetRegistered(alive.Select(member => member.Id));
        ChooseRoute();
    }

    /// <summary>
    /// Hands the table over if this server owns it, and does not take it over again. Requests that come after that
    /// have to wait for the next owner.
    /// </summary>
    public async Task HandOverAsync()
    {
        _standby.IsCandidate = false;
        _handOver.TrySetResult();
        // Its failures are those of RunAsync.
        await _owning.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public async Task<ActorStatistics> GetStatisticsAsync()
    {
        if (_owner is { } owner)
        {
            try
            {
                return await owner.Actor.GetStatisticsAsync() with { Problem = Problem };
            }
            catch (ActorBusyException) when (_owner != owner)
            {
                // It has ended meanwhile.
            }
        }

        return new ActorStatistics
        {
            Table = await _replica.GetStatisticsAsync(),
            HeldReplies = 0,
            MailboxDepth = 0,
            Messages = 0,
            Busy = TimeSpan.Zero,
            Problem = Problem,
        };
    }

    /// <inheritdoc/>
    public Task<T> QueryAsync<T>(Func<Table, T> read) =>
        _owner is { } owner ? owner.Actor.QueryAsync(read) : _replica.QueryAsync(read);

    public void Dispose() => _replica.Dispose();

    // Why players who are connected here cannot play; null: they can.
    private string? Problem => _owner is { } owner
        ? owner.Problem
        : _route.Owner is not { } other
            ? _standby.Problem ?? (_replica.HasLoaded ? null : "this server has not read the log yet")
        : IsPassingOn() ? null
        : _standby.Problem ?? (IsOwnerUnreachable() ? $"the owner, at {other.Address}, cannot be reached" : null);

    private async Task OwnAsync(OwnedShard owned, CancellationToken stop)
    {
        using var owner = new ShardOwner(_shardLog, owned, _grace, _clock, _log, Send);
        var takeOver = _replica.TakeOvers.Latest[^1];
        Log.TookOver(_log, takeOver.Cause, owned.Epoch, owned.Table.PlayerCount, owned.Table.GameCount,
            takeOver.Grace.TotalSeconds);
        var running = owner.RunAsync(CloseAsync(), stop);
        SetOwner(owner);
        try
        {
            if (await running)
                Log.HandedOver(_log);
            else
                Log.OwnershipLost(_log);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped without handing over.
        }
        finally
        {
            SetOwner(null);
        }
    }

    // Requests must not come to the actor any more once it closes.
    private async Task CloseAsync()
    {
        await _handOver.Task;
        lock (_gate)
            _here = null;
        ChooseRoute();
    }

    private void SetOwner(ShardOwner? owner)
    {
        lock (_gate)
        {
            if (_owner is { } before)
                _appendedBefore += before.Counters.Read();
            _owner = owner;
            _here = owner is null || _handOver.Task.IsCompleted ? null : _createGateway(owner.Actor);
        }

        ChooseRoute();
    }

    private void ChooseRoute()
    {
        Route before;
        lock (_gate)
        {
            before = _route;
            var owner = _here is null && _replica.Owner is { } id && id != _self.Id
                ? _alive.FirstOrDefault(member => member.Id == id)
                : null;
            var now = new Route { Here = _here, Owner = owner };
            if (now.IsSameAs(before))
                return;
            _route = now;
            // Within the lock: the last one to be told must be the last one chosen.
            if (owner is not null || _here is not null)
                OwnerFound?.Invoke(owner);
            if (owner is not null)
                Log.StandsBy(_log, owner.Address);
        }

        before.NoteChanged();
    }
}
