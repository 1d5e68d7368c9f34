using TurnServer.Cluster;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

/// <summary>The latest of what somebody watches.</summary>
internal abstract class Latest<T> : IAsyncDisposable
    where T : class
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;
    private volatile T _latest;

    /// <param name="watch">Is stopped at the end.</param>
    /// <param name="nothing">Until something has come.</param>
    protected Latest(Func<CancellationToken, IAsyncEnumerable<T>> watch, T nothing)
    {
        _latest = nothing;
        _watching = WatchAsync(watch);
    }

    public async Task WaitForAsync(Func<T, bool> condition)
    {
        await TestWait.UntilAsync(() => _watching.IsFaulted || condition(_latest), "what is watched is as expected");
        if (_watching.IsFaulted)
            await _watching;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Assert.That(() => TestWait.ForAsync(_watching), Throws.InstanceOf<OperationCanceledException>());
    }

    private async Task WatchAsync(Func<CancellationToken, IAsyncEnumerable<T>> watch)
    {
        await foreach (var latest in watch(_stop.Token))
            _latest = latest;
    }
}

/// <summary>The latest list of members.</summary>
internal sealed class MemberList(IClusterMembers members)
    : Latest<IReadOnlyList<ClusterMember>>(members.WatchAsync, []);

/// <summary>The latest owners of all shards.</summary>
internal sealed class OwnerMap(IShardOwners owners)
    : Latest<IReadOnlyDictionary<int, ShardHead>>(owners.WatchAsync, new Dictionary<int, ShardHead> { [-1] = default })
{
    /// <summary>Waits until these are all: shard, epoch, position and owner of each, such as "1: 2 17 a".</summary>
    public Task WaitForAsync(params string[] expected) => WaitForAsync(heads => heads
        .Select(owned => $"{owned.Key}: {owned.Value.Epoch} {owned.Value.Position} {owned.Value.Owner ?? "-"}")
        .Order(StringComparer.Ordinal).SequenceEqual(expected));
}
