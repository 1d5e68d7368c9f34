using System.Globalization;
using Google.Protobuf;
using TurnServer.Journal;

namespace TurnServer.Cluster.Etcd;

/// <summary>
/// The keys of a cluster, and their values that are text.
/// <code>
/// /NAME/shard/S              the head: epoch, position, owner ("-": none), such as "3 1234 node-id"
/// /NAME/epoch/S              its epoch once more, for conditions that hold whatever the position
/// /NAME/log/S/NNNNN          batches, in a ring: NNNNN is the position modulo the capacity
/// /NAME/snapshot/S           which snapshot is the latest, see SnapshotPointer
/// /NAME/snapshot/S/writer    which attempt at writing a snapshot is the latest
/// /NAME/snapshot/S/G/NNNNN   the parts of a snapshot; G is 0 and 1 in turn
/// /NAME/owner/S              the head as it was when the owner last changed; only where there are several shards
/// /NAME/shards               how many shards share the games, such as "64"; "0": one table has everything
/// /NAME/node/ID              a server that is alive
/// </code>
/// All but the last are overwritten and never deleted: etcd before 3.4.32 and 3.5.14 can lose a revision when it
/// crashes while it compacts a deletion.
/// </summary>
/// <param name="name">The cluster's name.</param>
/// <param name="shard">The shard's number.</param>
internal sealed class EtcdKeys(string name, int shard)
{
    private const string NoOwner = "-";

    public ByteString Head { get; } = ByteString.CopyFromUtf8($"{HeadsOf(name)}{shard}");

    public ByteString Epoch { get; } = ByteString.CopyFromUtf8($"/{name}/epoch/{shard}");

    public ByteString Owner { get; } = ByteString.CopyFromUtf8($"{OwnersOf(name)}{shard}");

    public ByteString Log { get; } = ByteString.CopyFromUtf8($"/{name}/log/{shard}/");

    public ByteString LogEnd { get; } = ByteString.CopyFromUtf8($"/{name}/log/{shard}0");

    public ByteString Snapshot { get; } = ByteString.CopyFromUtf8($"/{name}/snapshot/{shard}");

    public ByteString SnapshotWriter { get; } = ByteString.CopyFromUtf8($"/{name}/snapshot/{shard}/writer");

    /// <summary>How the keys <see cref="Head"/> of all shards begin.</summary>
    public static string HeadsOf(string name) => $"/{name}/shard/";

    /// <summary>How the keys <see cref="Owner"/> of all shards begin.</summary>
    public static string OwnersOf(string name) => $"/{name}/owner/";

    /// <summary>The key that says how many shards there are, see <see cref="EtcdClusterPlan"/>.</summary>
    public static ByteString PlanOf(string name) => ByteString.CopyFromUtf8($"/{name}/shards");

    /// <summary>The key of a slot of the ring. In the order of the slots, up to 99 999.</summary>
    public ByteString Slot(int slot) => ByteString.CopyFromUtf8($"/{name}/log/{shard}/{slot:D5}");

    public ByteString SnapshotPart(int generation, int part) =>
        ByteString.CopyFromUtf8($"/{name}/snapshot/{shard}/{generation}/{part:D5}");

    /// <summary>The value of <see cref="Head"/> and <see cref="Owner"/>.</summary>
    /// <exception cref="ArgumentException">The owner's name is empty, "-", or has white space in it.</exception>
    public static ByteString Text(ShardHead head)
    {
        if (head.Owner is { } owner && (owner is "" or NoOwner || owner.Any(char.IsWhiteSpace)))
            throw new ArgumentException($"\"{owner}\" cannot be the name of an owner.", nameof(head));
        return ByteString.CopyFromUtf8(
            string.Create(CultureInfo.InvariantCulture, $"{head.Epoch} {head.Position} {head.Owner ?? NoOwner}"));
    }

    /// <summary>The value of <see cref="Epoch"/> and <see cref="PlanOf"/>.</summary>
    public static ByteString Text(long number) =>
        ByteString.CopyFromUtf8(number.ToString(CultureInfo.InvariantCulture));

    /// <summary>The head that a value of <see cref="Head"/> says.</summary>
    /// <exception cref="StateDamagedException">It says none.</exception>
    public ShardHead ParseHead(ByteString value) => TryParseHead(value, out var head)
        ? head
        : throw new StateDamagedException(
            $"etcd's key {Head.ToStringUtf8()} holds \"{value.ToStringUtf8()}\", which is no head");

    /// <summary>The head that a value of <see cref="Head"/> or <see cref="Owner"/> says; false: it says none.</summary>
    public static bool TryParseHead(ByteString value, out ShardHead head)
    {
        head = default;
        if (value.ToStringUtf8().Split(' ') is not [var epoch, var position, { Length: > 0 } owner]
            || !long.TryParse(epoch, NumberStyles.None, CultureInfo.InvariantCulture, out var epochNumber)
            || !long.TryParse(position, NumberStyles.None, CultureInfo.InvariantCulture, out var positionNumber))
        {
            return false;
        }

        head = new ShardHead(epochNumber, positionNumber, owner == NoOwner ? null : owner);
        return true;
    }
}

/// <summary>The value of the key that says which snapshot is the latest.</summary>
/// <param name="Position">The last batch that the snapshot contains.</param>
/// <param name="Generation">Under which keys its parts are: 0 or 1.</param>
/// <param name="Parts">How many parts it has.</param>
/// <param name="Bytes">How long it is.</param>
/// <param name="Checksum">The XxHash3 of all of it.</param>
internal readonly record struct SnapshotPointer(long Position, int Generation, int Parts, int Bytes, ulong Checksum)
{
    /// <summary>Position, generation, parts, bytes and checksum, such as "1234 0 3 2621440 9f86d081884c7d65".</summary>
    public ByteString Text => ByteString.CopyFromUtf8(string.Create(CultureInfo.InvariantCulture,
        $"{Position} {Generation} {Parts} {Bytes} {Checksum:x16}"));

    /// <summary>The pointer that a value says.</summary>
    /// <exception cref="StateDamagedException">It says none.</exception>
    public static SnapshotPointer Parse(ByteString value)
    {
        var text = value.ToStringUtf8();
        var numbers = CultureInfo.InvariantCulture;
        return text.Split(' ') is [var position, "0" or "1", var parts, var bytes, var checksum] fields
            && long.TryParse(position, NumberStyles.None, numbers, out var at)
            && int.TryParse(parts, NumberStyles.None, numbers, out var partCount)
            && int.TryParse(bytes, NumberStyles.None, numbers, out var byteCount)
            && ulong.TryParse(checksum, NumberStyles.AllowHexSpecifier, numbers, out var sum)
            ? new SnapshotPointer(at, fields[1] == "0" ? 0 : 1, partCount, byteCount, sum)
            : throw new StateDamagedException($"\"{text}\" in etcd says nothing about a snapshot");
    }
}
