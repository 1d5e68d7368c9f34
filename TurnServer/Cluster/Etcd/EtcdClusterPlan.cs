using System.Globalization;
using System.Numerics;
using Etcdserverpb;
using Google.Protobuf;
using TurnServer.Journal;

namespace TurnServer.Cluster.Etcd;

/// <summary>What is decided when a cluster is made, and stays as long as it exists.</summary>
internal static class EtcdClusterPlan
{
    /// <summary>The most shards that games can be spread over.</summary>
    public const int GameShardsMax = 256;

    /// <summary>
    /// How many shards share the games of the cluster: what the first server that asked wanted; 0 if there is one table
    /// for everything, as in clusters that were made before there were shards.
    /// </summary>
    /// <param name="connection">Where etcd is, and the cluster's name.</param>
    /// <param name="wanted">
    /// For a new cluster: a power of two up to <see cref="GameShardsMax"/>, or 0.
    /// </param>
    /// <param name="stop">Gives up waiting.</param>
    /// <exception cref="LogUnavailableException">
    /// etcd does not answer. The number may have been decided all the same; to be asked again.
    /// </exception>
    /// <exception cref="StateDamagedException">What etcd holds is no such number.</exception>
    public static async Task<int> AgreeAsync(EtcdConnection connection, int wanted, CancellationToken stop)
    {
        if (!IsPossible(wanted))
            throw new ArgumentOutOfRangeException(nameof(wanted), wanted, $"Must be {Possible}.");
        var plan = EtcdKeys.PlanOf(connection.Options.Name);
        var head = new EtcdKeys(connection.Options.Name, 0).Head;
        var request = new TxnRequest
        {
            Compare = { EtcdTransaction.Holds(plan, null), EtcdTransaction.Holds(head, null) },
            Success = { EtcdTransaction.Put(plan, EtcdKeys.Text(wanted)) },
            Failure =
            {
                new RequestOp
                {
                    RequestTxn = new TxnRequest
                    {
                        Compare = { EtcdTransaction.Holds(plan, null) },
                        Success = { EtcdTransaction.Put(plan, EtcdKeys.Text(0)) },
                        Failure = { EtcdTransaction.Read(plan) },
                    },
                },
            },
        };
        // Carried out once more, it finds what it wrote the first time.
        var reply = await connection.ReadAsync(
            (etcd, options) => etcd.Kv.TxnAsync(request, options).ResponseAsync, stop);
        if (reply.Succeeded)
            return wanted;
        var rest = reply.Responses[0].ResponseTxn;
        return rest.Succeeded ? 0 : Parse(plan, rest.Responses[0].ResponseRange.Value()!);
    }

    private static string Possible => $"0, or a power of two up to {GameShardsMax}";

    /// <summary>Whether a cluster can have this number of shards.</summary>
    public static bool IsPossible(int gameShards) =>
        gameShards is >= 0 and <= GameShardsMax && (gameShards == 0 || BitOperations.IsPow2(gameShards));

    private static int Parse(ByteString key, ByteString value)
    {
        var text = value.ToStringUtf8();
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var gameShards)
            && IsPossible(gameShards)
            ? gameShards
            : throw new StateDamagedException(
                $"etcd's key {key.ToStringUtf8()} holds \"{text}\", which is no number of shards: {Possible}");
    }
}
