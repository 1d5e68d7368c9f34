using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace TurnServer.Cluster.Etcd;

/// <summary>
/// The owners of a cluster's shards as keys in etcd, which the transaction that changes the owner writes, see
/// <see cref="EtcdShardLog"/>. A key that is damaged, or is no shard's, is left out as if nobody had owned that shard,
/// with a warning: the next takeover replaces it.
/// </summary>
/// <param name="connection">Not disposed of with this.</param>
/// <param name="log">For the operator; null: nobody is told of damaged keys.</param>
internal sealed class EtcdOwners(EtcdConnection connection, ILogger? log = null) : IShardOwners
{
    private readonly ILogger _log = log ?? NullLogger.Instance;
    private readonly EtcdPrefix _owners = new(connection, EtcdKeys.OwnersOf(connection.Options.Name));

    /// <inheritdoc/>
    public async IAsyncEnumerable<IReadOnlyDictionary<int, ShardHead>> WatchAsync(
        [EnumeratorCancellation] CancellationToken stop)
    {
        // By their revision.
        var reported = new HashSet<long>();
        await foreach (var owners in _owners.WatchAsync(stop))
        {
            var heads = new Dictionary<int, ShardHead>();
            foreach (var (name, owner) in owners)
            {
                if (TryParseShard(name, out var shard) && EtcdKeys.TryParseHead(owner.Value, out var head))
                    heads.Add(shard, head);
                else if (reported.Add(owner.ModRevision))
                    Log.OwnerIgnored(_log, owner.Key.ToStringUtf8(), owner.Value.ToStringUtf8());
            }

            yield return heads;
        }
    }

    // Only as it is written: "7" and "07" would be one shard.
    private static bool TryParseShard(string name, out int shard) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out shard)
        && name == shard.ToString(CultureInfo.InvariantCulture);
}
