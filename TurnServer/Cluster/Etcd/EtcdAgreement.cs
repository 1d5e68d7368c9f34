using Etcdserverpb;
using Google.Protobuf;

namespace TurnServer.Cluster.Etcd;

/// <summary>
/// Whether all addresses of etcd lead to one cluster. Several etcds that know nothing of each other may have the same
/// cluster and member ids, as they have with Debian's defaults, and each says that it is the leader. Therefore a key
/// that one of them has is looked for at all others.
/// </summary>
/// <param name="IsKnown">False: an address does not answer, or there is no such key.</param>
/// <param name="Split">Two addresses that lead to different clusters, for the operator; null: none is known.</param>
internal readonly record struct EtcdAgreement(bool IsKnown, string? Split)
{
    /// <summary>Looks for a key at every address.</summary>
    /// <param name="connection">The addresses.</param>
    /// <param name="key">A key of this server alone: an etcd of another cluster cannot have it.</param>
    /// <param name="stop">Gives up waiting.</param>
    public static async Task<EtcdAgreement> CheckAsync(EtcdConnection connection, ByteString key,
        CancellationToken stop)
    {
        var first = await ReadAsync(connection, key, stop);
        if (first.Where(created => created is not null).Distinct().Count() <= 1)
            return new EtcdAgreement(first.All(created => created > 0), null);
        // The key may have been created or deleted between the reads. They are linearizable: where it is the same key
        // before and after, it has been there in between, for each address of the same cluster.
        var between = await ReadAsync(connection, key, stop);
        var last = await ReadAsync(connection, key, stop);
        for (var index = 0; index < first.Length; index++)
        {
            if (first[index] is not > 0 || last[index] != first[index])
                continue;
            var other = Array.FindIndex(between, created => created is not null && created != first[index]);
            if (other >= 0)
                return new EtcdAgreement(true, Describe(connection.Endpoints[index], connection.Endpoints[other]));
        }

        return default;
    }

    private static string Describe(EtcdEndpoint one, EtcdEndpoint other) =>
        $"etcd at {one.Address} and etcd at {other.Address} are not one cluster, so that the loss of one loses all "
        + "games; see Cluster/README.md";

    // The revision that created the key, 0 if there is none; null where nobody answers.
    private static Task<long?[]> ReadAsync(EtcdConnection connection, ByteString key, CancellationToken stop)
    {
        var request = new RangeRequest { Key = key, KeysOnly = true };
        return Task.WhenAll(connection.Endpoints.Select(async endpoint =>
        {
            try
            {
                var reply = await connection.AskAsync(endpoint,
                    (etcd, options) => etcd.Kv.RangeAsync(request, options).ResponseAsync, stop);
                return reply.Kvs.Count == 0 ? 0 : reply.Kvs[0].CreateRevision;
            }
            catch (LogUnavailableException)
            {
                return (long?)null;
            }
        }));
    }
}
