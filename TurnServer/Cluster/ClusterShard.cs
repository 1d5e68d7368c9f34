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
    private readonly StoreOutages _outages;
    private readonly ClusterMember _self;
    private readonly ShardReplica _replica;
    private readonly ShardStandby _standby;
    private readonly FollowSwitch _following = new();

    // Guards the choice of the route, which several threads make.
    private readonly Lock _gate = new();
    private volatile Route _route = new();
    private volatile IReadOnlyList<ClusterMember> _alive = [];
    private volatile ShardOwner? _owner;
    private volatile Task _owning = Task.CompletedTask;
    private volatile bool _isKnown;
    private volatile IReadOnlyList<long> _takenByCause = new long[TakeOverCause.All.Count];
    private IPlayerGateway? _here;
    private TaskCompletionSource _handOver = new();
    private AppendTotals _appendedBefore;

    /// <param name="self">This server.</param>
    /// <param name="log">The shard's log.</param>
    /// <param name="candidate">Takes over for this server.</param>
    /// <param name="grace">How long nobody is dropped for silence after a freeze of this process.</param>
    /// <param name="createGateway">Creates what asks an actor of this server.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="messages">For the operator.</param>
    /// <param name="outages">One for all shards of the server.</param>
    public ClusterShard(ClusterMember self, IShardLog log, ShardCandidate candidate, TimeSpan grace,
        Func<TurnActor, IPlayerGateway> createGateway, TimeProvider clock, ILogger messages,
        StoreOutages outages)
    {
        _self = self;
        _shardLog = log;
        _grace = grace;
        _createGateway = createGateway;
        _clock = clock;
        _log = messages;
        _outages = outages;
        Signs = new OwnerSigns(clock);
        _replica = new ShardReplica(Signs, () =>
        {
            _standby!.Reconsider();
            ChooseRoute();
        });
        _standby = new ShardStandby(log, _replica, candidate, self.Id, Signs, clock, messages, outages);
        Signs.Changed = _standby.Reconsider;
    }

    /// <summary>
    /// Whether this server reads the log, so that it can take over. It has to be switched on, even for the owner.
    /// </summary>
    public bool IsFollowing
    {
        get => _following.IsOn;
        set => _following.Set(value);
    }

    /// <summary>Whether this server follows, and could take over without reading for long.</summary>
    public bool IsCaughtUp => _replica.IsCaughtUp;

    /// <summary>The owner, as in <see cref="ClusterMember.Id"/>; null: none is known.</summary>
    public string? OwnerId => _owner is not null ? _self.Id : _replica.Owner;

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

    /// <summary>Whether the owner has fallen silent and is not replaced; set by what passes requests on.</summary>
    public Func<bool> IsOwnerLost { get; set; } = () => false;

    /// <summary>Canceled when this server is the owner and cannot reach the log; see ShardOwner.</summary>
    public CancellationToken Stalled => _owner?.Stalled ?? CancellationToken.None;

    /// <summary>
    /// Whether requests should not wait here: this server cannot answer them, and perhaps another one can.
    /// </summary>
    public bool IsCutOff => _owner is { } owner ? owner.Stalled.IsCancellationRequested : IsOwnerLost();

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

    /// <summary>What has been appended here, whenever this server was the owner.</summary>
    public AppendTotals Appended
    {
        get
        {
            lock (_gate)
                return _owner is { } here ? _appendedBefore + here.Counters.Read() : _appendedBefore;
        }
    }

    /// <summary>
    /// The size of the latest snapshot that this server has written, in bytes; 0: none, or another is the owner.
    /// </summary>
    public long SnapshotBytes => _owner?.SnapshotBytes ?? 0;

    /// <summary>How many times the shard has been taken over, by any server.</summary>
    public long Epoch => _replica.Epoch;

    /// <summary>The takeovers that this server has read of.</summary>
    public TakeOverHistory TakeOvers => _replica.TakeOvers;

    /// <summary>How many times this server has taken over, in the order of <see cref="TakeOverCause.All"/>.</summary>
    public IReadOnlyList<long> TakenByCause => _takenByCause;

    /// <summary>Why players who are connected here cannot play; null: they can.</summary>
    public string? Problem => _owner is { } owner
        ? owner.Problem
        : _route.Owner is not { } other
            ? FollowingProblem ?? (_isKnown || _replica.HasLoaded ? null : "this server has not read the log yet")
        : IsPassingOn() ? null
        : FollowingProblem ?? (IsOwnerUnreachable() ? $"the owner, at {other.Address}, cannot be reached" : null);

    /// <summary>Why this server, not the owner, could not take over; null: it could, or need not.</summary>
    public string? StandbyProblem => _owner is null ? FollowingProblem : null;

    /// <summary>What the shard holds; null: another server owns it, or it does not answer now.</summary>
    public async Task<ShardLoad?> TryReadLoadAsync()
    {
        if (_owner is not { } owner)
            return null;
        try
        {
            var statistics = await owner.Actor.GetStatisticsAsync();
            return ShardLoad.Of(Role.Number, owner.Position, owner.MessagesWaiting, statistics) with
            {
                LongestMessageWaitSeconds = owner.LongestMessageWait.TotalSeconds,
            };
        }
        catch (Exception e) when (e is ActorBusyException or OwnershipLostException)
        {
            return null;
        }
    }

    /// <summary>
    /// Follows and owns in turn until <paramref name="stop"/>; fails on a bug, and when the actor does.
    /// </summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var unwanted = await _following.UntilOnAsync(stop);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(unwanted, stop);
                if (await _standby.FollowAsync(either.Token) is { } owned)
                    await (_owning = OwnAsync(owned, stop));
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Stopped while it did not follow.
            }
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

    /// <summary>Notes who owned the shard when that last changed.</summary>
    public void NoteOwner(ShardHead head)
    {
        _isKnown = true;
        _replica.NoteOwner(head);
    }

    /// <summary>
    /// Hands the table over if this server owns it. Requests that come after that have to wait for the next owner.
    /// </summary>
    public async Task HandOverAsync()
    {
        lock (_gate)
            _handOver.TrySetResult();
        // Its failures are those of RunAsync.
        await _owning.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Has this server never take over from now on, and hand over at once what it owns.</summary>
    public Task RetireAsync()
    {
        _standby.IsCandidate = false;
        return HandOverAsync();
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

        return ActorStatistics.WithoutActor(await _replica.GetStatisticsAsync(), Problem);
    }

    /// <inheritdoc/>
    public Task<T> QueryAsync<T>(Func<Table, T> read) =>
        _owner is { } owner ? owner.Actor.QueryAsync(read) : _replica.QueryAsync(read);

    public void Dispose()
    {
        _following.Dispose();
        _replica.Dispose();
    }

    private string? FollowingProblem => _following.IsOn ? _standby.Problem : null;

    private async Task OwnAsync(OwnedShard owned, CancellationToken stop)
    {
        using var owner = new ShardOwner(_shardLog, owned, _grace, _clock, _log, _outages, Send);
        var takeOver = _replica.TakeOvers.Latest[^1];
        CountTakeOver(takeOver.Cause);
        Log.TookOver(_log, takeOver.Cause, owned.Epoch, owned.Table.PlayerCount, owned.Table.GameCount,
            takeOver.Grace.TotalSeconds);
        var running = owner.RunAsync(CloseAsync(BeginOwning()), stop);
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

    private void CountTakeOver(string cause)
    {
        long[] counts = [.. _takenByCause];
        counts[TakeOverCause.IndexOf(cause)]++;
        _takenByCause = counts;
    }

    // Completes when the table is to be handed over: at once if this server is about to stop.
    private Task BeginOwning()
    {
        lock (_gate)
        {
            _handOver = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!_standby.IsCandidate)
                _handOver.SetResult();
            return _handOver.Task;
        }
    }

    // Requests must not come to the actor any more once it closes.
    private async Task CloseAsync(Task handOver)
    {
        await handOver;
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
            if (owner is not null && Role == ShardRole.Whole)
                Log.StandsBy(_log, owner.Address);
        }

        before.NoteChanged();
    }
}
