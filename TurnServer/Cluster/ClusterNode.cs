using TurnServer.Cluster.Placement;
using TurnServer.Rules;

namespace TurnServer.Cluster;

/// <summary>One server of a cluster: registered as long as it runs, with its part in each shard.</summary>
internal sealed class ClusterNode : IDisposable
{
    private readonly ClusterMember _self;
    private readonly IClusterMembers _members;
    private readonly IShardOwners? _owners;
    private readonly ShardMover? _mover;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _unregister = new();
    private volatile IReadOnlyList<ClusterMember> _alive = [];

    /// <summary>A server of a cluster with one table for everything.</summary>
    /// <param name="self">This server.</param>
    /// <param name="members">The servers of the cluster.</param>
    /// <param name="table">The table; disposed of together with this.</param>
    public ClusterNode(ClusterMember self, IClusterMembers members, ClusterShard table)
    {
        (_self, _members, Shards) = (self, members, [table]);
        table.IsFollowing = true;
    }

    /// <summary>A server of a cluster with shards.</summary>
    /// <param name="self">This server.</param>
    /// <param name="members">The servers of the cluster.</param>
    /// <param name="owners">Who owns the shards.</param>
    /// <param name="mover">Moves shards.</param>
    /// <param name="shards">
    /// The shards, in the order of their numbers: the lobby is the first. Disposed of together with this.
    /// </param>
    public ClusterNode(ClusterMember self, IClusterMembers members, IShardOwners owners, ShardMover mover,
        IReadOnlyList<ClusterShard> shards) =>
        (_self, _members, _owners, _mover, Shards) = (self, members, owners, mover, shards);

    /// <summary>The shards, in the order of their numbers: the lobby, or the one table, is the first.</summary>
    public IReadOnlyList<ClusterShard> Shards { get; }

    /// <summary>How everything is spread over the shards.</summary>
    public ShardRole Role => Lobby.Role;

    /// <summary>The lobby, or the one table for everything.</summary>
    public ClusterShard Lobby => Shards[0];

    /// <summary>The servers that are registered, the oldest first.</summary>
    public IReadOnlyList<ClusterMember> Alive => _alive;

    /// <summary>This server, as in <see cref="ClusterMember.Id"/>.</summary>
    public string Id => _self.Id;

    /// <summary>Completes when this server, or another one, has become the owner of a shard.</summary>
    public Task RoleChanged => Task.WhenAny(Shards.Select(shard => shard.Route.Changed));

    /// <summary>Runs until <see cref="Stop"/>; fails on a bug, and when an actor does.</summary>
    public async Task RunAsync()
    {
        List<Task> loops =
        [
            _members.RegisterAsync(DescribeSelf, _unregister.Token),
            WatchMembersAsync(),
            .. Shards.Select(shard => shard.RunAsync(_stop.Token)),
        ];
        if (_mover is not null)
            loops.AddRange([WatchOwnersAsync(), _mover.RunAsync(_stop.Token)]);
        try
        {
            for (var running = loops; running.Count > 0;)
            {
                var ended = await Task.WhenAny(running);
                await ended;
                running = [.. running.Where(loop => loop != ended)];
            }
        }
        catch
        {
            // Removes the registration: another server is to take over at once.
            Stop();
            await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    /// <summary>
    /// Hands over what this server owns, and takes nothing over again. Requests that come after that have to wait for
    /// the next owner. Shards are handed over one after the other, to servers that are ready for them.
    /// </summary>
    public async Task HandOverAsync()
    {
        await (_mover?.LeaveAsync() ?? Lobby.RetireAsync());
        await _unregister.CancelAsync();
    }

    /// <summary>See <see cref="ShardMover.TryHandOverAsync"/>.</summary>
    public Task<bool> TryHandOverAsync(int shard, string to) =>
        _mover?.TryHandOverAsync(shard, to) ?? Task.FromResult(false);

    /// <summary>Lets <see cref="RunAsync"/> end.</summary>
    public void Stop()
    {
        _unregister.Cancel();
        _stop.Cancel();
    }

    public void Dispose()
    {
        foreach (var shard in Shards)
            shard.Dispose();
        _stop.Dispose();
        _unregister.Dispose();
    }

    // How far it is with each of many shards would be too much to tell everybody each second.
    private ClusterMember DescribeSelf() => _mover is null
        ? _self with { Position = Lobby.Position }
        : _self with { IsLeaving = _mover.IsLeaving };

    private async Task WatchMembersAsync()
    {
        try
        {
            await foreach (var alive in _members.WatchAsync(_stop.Token))
            {
                _alive = alive;
                foreach (var shard in Shards)
                    shard.SetAlive(alive);
                _mover?.SetAlive(alive);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The server is stopping.
        }
    }

    private async Task WatchOwnersAsync()
    {
        try
        {
            await foreach (var owners in _owners!.WatchAsync(_stop.Token))
            {
                foreach (var shard in Shards)
                    _mover!.NoteOwner(shard.Role.Number, owners.GetValueOrDefault(shard.Role.Number));
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The server is stopping.
        }
    }
}
