using System.Runtime.CompilerServices;
using TurnServer.Cluster;
using TurnServer.Rules;

namespace TurnServer.Tests.Support;

/// <summary>The owners of the shards whose logs are in memory.</summary>
/// <param name="stores">One for each shard.</param>
internal sealed class SharedOwners(IReadOnlyList<SharedStore> stores) : IShardOwners
{
    public async IAsyncEnumerable<IReadOnlyDictionary<int, ShardHead>> WatchAsync(
        [EnumeratorCancellation] CancellationToken stop)
    {
        Dictionary<int, ShardHead>? known = null;
        while (true)
        {
            var changed = Task.WhenAny(stores.Select(store => store.NextChange));
            var heads = stores.Where(store => store.Role != ShardRole.Whole && store.LastOwned != ShardHead.None)
                .ToDictionary(store => store.Role.Number, store => store.LastOwned);
            if (known is null || heads.Count != known.Count || heads.Except(known).Any())
                yield return known = heads;
            await changed.WaitAsync(stop);
        }
    }
}
