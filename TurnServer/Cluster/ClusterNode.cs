using TurnServer.Actor;
using TurnServer.Rules;

namespace TurnServer.Cluster;

/// <summary>One server of a cluster: registered as long as it runs, with its part in each shard.</summary>
/// <param name="self">This server.</param>
/// <param name="members">The servers of the cluster.</param>
/// <param name="shards">The shards; disposed of together with this.</param>
internal sealed class ClusterNode(ClusterMember self, IClusterMembers members, IReadOnlyList<ClusterShard> shards)
    : ITableQueries, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _unregister = new();

    /// <summary>The shards, in the order of their numbers: the lobby is the first.</summary>
    public IReadOnlyList<ClusterShard> Shards => shards;

    /// <summary>How everything is spread over the shards.</summary>
    public ShardRole Role => Lobby.Role;

    /// <summary>The lobby, or the one table for everything.</summary>
    public ClusterShard Lobby => shards[0];

    /// <summary>What the cluster looks like from here. Any thread.</summary>
    public ClusterStatus GetStatus() => Lobby.GetStatus();

    /// <summary>Runs until <see cref="Stop"/>; fails on a bug, and when an actor does.</summary>
    public async Task RunAsync()
    {
        var registering = members.RegisterAsync(() => self with { Position = Lobby.Position }, _unregister.Token);
        List<Task> loops = [registering, WatchMembersAsync(), .. shards.Select(shard => shard.RunAsync(_stop.Token))];
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
    /// Hands over what this server owns, one shard after the other, and takes nothing over again. Requests that come
    /// after that have to wait for the next owner.
    /// </summary>
    public async Task HandOverAsync()
    {
        foreach (var shard in shards)
            await shard.HandOverAsync();
        await _unregister.CancelAsync();
    }

    /// <summary>Lets <see cref="RunAsync"/> end.</summary>
    public void Stop()
    {
        _unregister.Cancel();
        _stop.Cancel();
    }

    /// <inheritdoc/>
    public Task<ActorStatistics> GetStatisticsAsync() => Lobby.GetStatisticsAsync();

    /// <inheritdoc/>
    public Task<T> QueryAsync<T>(Func<Table, T> read) => Lobby.QueryAsync(read);

    public void Dispose()
    {
        foreach (var shard in shards)
            shard.Dispose();
        _stop.Dispose();
        _unregister.Dispose();
    }

    private async Task WatchMembersAsync()
    {
        try
        {
            await foreach (var alive in members.WatchAsync(_stop.Token))
            {
                foreach (var shard in shards)
                    shard.SetAlive(alive);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The server is stopping.
        }
    }
}
