using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Cluster.Replication;
using TurnServer.Rules;

namespace TurnServer.Cluster;

/// <summary>
/// One server of a cluster: follows the log as a standby, owns the table when it is its turn, and knows where the table
/// is at any time.
/// </summary>
internal sealed class ClusterNode : ITableQueries, IDisposable
{
    private readonly IClusterMembers _members;
    private readonly Func<TurnActor, IPlayerGateway> _createGateway;
    private readonly TimeSpan _grace;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly ClusterMember _self;
    private readonly ShardStandby _standby;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _unregister = new();
    private readonly TaskCompletionSource _handOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _handedOver = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guards the choice of the route, which several threads make.
    private readonly Lock _gate = new();
    private volatile Route _route = new();
    private volatile IReadOnlyList<ClusterMember> _alive = [];
    private volatile ShardOwner? _owner;
    private IPlayerGateway? _here;
    private AppendTotals _appendedBefore;

    /// <param name="self">This server.</param>
    /// <param name="log">The log.</param>
    /// <param name="members">The servers of the cluster.</param>
    /// <param name="candidate">Takes over for this server.</param>
    /// <param name="grace">How long nobody is dropped for silence after a freeze of this process.</param>
    /// <param name="createGateway">Creates what asks an actor of this server.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="messages">For the operator.</param>
    public ClusterNode(ClusterMember self, IShardLog log, IClusterMembers members, ShardCandidate candidate,
        TimeSpan grace, Func<TurnActor, IPlayerGateway> createGateway, TimeProvider clock, ILogger messages)
    {
        _self = self;
        _members = members;
        _grace = grace;
        _createGateway = createGateway;
        _clock = clock;
        _log = messages;
        _standby = new ShardStandby(log, candidate, self.Id, clock, messages) { OwnerChanged = ChooseRoute };
    }

    /// <summary>Where the table is. Any thread.</summary>
    public Route Route => _route;

    /// <summary>Whether requests may still find an owner: this server is not about to stop as the last one.</summary>
    public bool MayFindOwner => _standby.IsCandidate || _alive.Any(member => member.Id != _self.Id);

    /// <summary>Whether passing requests on to the owner works; set by what does it.</summary>
    public Func<bool> IsPassingOn { get; set; } = () => true;

    /// <summary>What the cluster looks like from here. Any thread.</summary>
    public ClusterStatus GetStatus()
    {
        ShardOwner? here;
        AppendTotals appended;
        lock (_gate)
        {
            here = _owner;
            appended = here is null ? _appendedBefore : _appendedBefore + here.Counters.Read();
        }

        var owner = here is null ? _standby.Owner : _self.Id;
        var position = here?.Position ?? _standby.Position;
        var takeOvers = _standby.TakeOvers;
        return new ClusterStatus
        {
            Self = _self.Id,
            Members = MemberStatus.Of(_alive, _self.Id, owner, position),
            Owner = owner,
            Epoch = _standby.Epoch,
            Position = position,
            TakeOvers = takeOvers.Latest,
            TakeOversByCause = takeOvers.CountsByCause,
            Appended = appended,
            SnapshotBytes = here?.SnapshotBytes ?? 0,
            Problem = Problem,
            StandbyProblem = here is null ? _standby.Problem : null,
        };
    }

    /// <summary>Runs until <see cref="Stop"/>; fails on a bug, and when the actor does.</summary>
    public async Task RunAsync()
    {
        var registering = _members.RegisterAsync(DescribeSelf, _unregister.Token);
        List<Task> loops = [registering, WatchMembersAsync(), WorkAsync()];
        while (loops.Count > 0)
        {
            var ended = await Task.WhenAny(loops);
            await ended;
            loops.Remove(ended);
        }
    }

    /// <summary>
    /// Hands the table over if this server owns it, and does not take it over again. Requests that come after that
    /// have to wait for the next owner.
    /// </summary>
    public async Task HandOverAsync()
    {
        _standby.IsCandidate = false;
        _handOver.TrySetResult();
        if (_owner is not null)
            await _handedOver.Task;
        await _unregister.CancelAsync();
    }

    /// <summary>Lets <see cref="RunAsync"/> end.</summary>
    public void Stop()
    {
        _unregister.Cancel();
        _stop.Cancel();
    }

    /// <summary>See <see cref="ShardStandby.Suspect"/>.</summary>
    public void Suspect(ClusterMember owner) => _standby.Suspect(owner.Id);

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
            Table = await _standby.GetStatisticsAsync(),
            HeldReplies = 0,
            MailboxDepth = 0,
            Messages = 0,
            Busy = TimeSpan.Zero,
            Problem = Problem,
        };
    }

    /// <inheritdoc/>
    public Task<T> QueryAsync<T>(Func<Table, T> read) =>
        _owner is { } owner ? owner.Actor.QueryAsync(read) : _standby.QueryAsync(read);

    public void Dispose()
    {
        _standby.Dispose();
        _stop.Dispose();
        _unregister.Dispose();
    }

    // Why players who are connected here cannot play; null: they can.
    private string? Problem => _owner is { } owner
        ? owner.Problem
        : _route.Owner is not null && IsPassingOn() ? null : _standby.Problem;

    private ClusterMember DescribeSelf() => _self with { Position = _owner?.Position ?? _standby.Position };

    private async Task WatchMembersAsync()
    {
        try
        {
            await foreach (var alive in _members.WatchAsync(_stop.Token))
            {
                _alive = alive;
                _standby.SetAlive(alive.Select(member => member.Id));
                ChooseRoute();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The server is stopping.
        }
    }

    private async Task WorkAsync()
    {
        while (await _standby.FollowAsync(_stop.Token) is { } owned)
            await OwnAsync(owned);
    }

    private async Task OwnAsync(OwnedShard owned)
    {
        using var owner = new ShardOwner(owned, _grace, _clock, _log);
        var takeOver = _standby.TakeOvers.Latest[^1];
        Log.TookOver(_log, owned.Epoch, takeOver.Cause, owned.Table.PlayerCount, owned.Table.GameCount,
            takeOver.Grace.TotalSeconds);
        var running = owner.RunAsync(CloseAsync(), _stop.Token);
        SetOwner(owner);
        try
        {
            if (await running)
                Log.HandedOver(_log);
            else
                Log.OwnershipLost(_log);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopped without handing over.
        }
        finally
        {
            SetOwner(null);
            _handedOver.TrySetResult();
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
        Route before, now;
        lock (_gate)
        {
            before = _route;
            var owner = _here is null && _standby.Owner is { } id && id != _self.Id
                ? _alive.FirstOrDefault(member => member.Id == id)
                : null;
            now = new Route { Here = _here, Owner = owner };
            if (now.IsSameAs(before))
                return;
            _route = now;
        }

        before.NoteChanged();
        if (now.Owner is { } other)
            Log.StandsBy(_log, other.Address);
    }
}
