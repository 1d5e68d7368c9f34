using System.Buffers.Binary;
using TurnServer.Journal;
using TurnServer.Rules;

namespace TurnServer.Cluster.Replication;

/// <summary>What a batch is. The numbers are part of the log's format.</summary>
internal enum BatchKind : byte
{
    /// <summary>Records, as <see cref="RecordWriter"/> writes them, each behind its length.</summary>
    Records = 1,

    /// <summary>A server has taken over the shard.</summary>
    TakeOver = 2,

    /// <summary>The owner has stopped in order: any server may take over at once.</summary>
    HandOver = 3,
}

/// <summary>
/// The content of a batch: the version of the format, the kind, and what belongs to the kind. The times in a batch do
/// not depend on earlier batches.
/// </summary>
internal static class BatchContent
{
    /// <summary>The version of this format.</summary>
    public const byte Version = 1;

    /// <summary>The length of what precedes the records, in bytes.</summary>
    public const int HeadBytes = 2;

    /// <summary>The length of what precedes each record, in bytes.</summary>
    public const int LengthBytes = sizeof(ushort);

    public static readonly ReadOnlyMemory<byte> HandOver = new byte[] { Version, (byte)BatchKind.HandOver };

    public static void WriteRecordsHead(Span<byte> to) => (to[0], to[1]) = (Version, (byte)BatchKind.Records);

    /// <summary>Writes the length of the record that follows it.</summary>
    public static void WriteLength(Span<byte> to, int recordBytes) =>
        BinaryPrimitives.WriteUInt16LittleEndian(to, checked((ushort)recordBytes));

    /// <summary>The kind of a batch.</summary>
    /// <exception cref="OtherLogVersionException">Another version of this server wrote it.</exception>
    /// <exception cref="CorruptStateException">It is not a batch.</exception>
    public static BatchKind KindOf(ReadOnlySpan<byte> content)
    {
        var from = new FieldReader(content);
        if (from.Byte() is var version && version != Version)
            throw new OtherLogVersionException($"batches of format {version}, and this server knows format {Version}");
        return from.Byte() switch
        {
            (byte)BatchKind.Records => BatchKind.Records,
            (byte)BatchKind.TakeOver => BatchKind.TakeOver,
            (byte)BatchKind.HandOver => BatchKind.HandOver,
            var other => throw new CorruptStateException($"unknown kind of batch {other}"),
        };
    }

    /// <summary>Takes the next record off a batch of records; false at its end.</summary>
    /// <param name="rest">What is left of the batch.</param>
    /// <param name="record">The record.</param>
    /// <exception cref="CorruptStateException">The batch ends within a record.</exception>
    public static bool TryTakeRecord(ref ReadOnlyMemory<byte> rest, out ReadOnlyMemory<byte> record)
    {
        record = default;
        if (rest.IsEmpty)
            return false;
        if (rest.Length < LengthBytes
            || BinaryPrimitives.ReadUInt16LittleEndian(rest.Span) is var length && rest.Length - LengthBytes < length)
        {
            throw new CorruptStateException("batch ends within a record");
        }

        record = rest.Slice(LengthBytes, length);
        rest = rest[(LengthBytes + length)..];
        return true;
    }
}

/// <summary>
/// What a batch of the kind <see cref="BatchKind.TakeOver"/> says. All that a server's flags decide about the table is
/// in it, so that every server which follows gets the same table.
/// </summary>
internal sealed record TakeOver
{
    /// <summary>The server that takes over, as in <see cref="ShardHead.Owner"/>.</summary>
    public required string Owner { get; init; }

    /// <summary>Why, for the operator.</summary>
    public required string Cause { get; init; }

    /// <summary>When, by that server's clock; only for the operator.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The settings that the table continues under.</summary>
    public required StateSettings Settings { get; init; }

    /// <summary>For how long nobody is dropped for silence.</summary>
    public required TimeSpan Grace { get; init; }

    /// <summary>The content of the batch.</summary>
    /// <param name="role">Which shard it is: that decides the version of its records.</param>
    public ReadOnlyMemory<byte> ToBatch(ShardRole role)
    {
        var to = new FieldWriter();
        to.Byte(BatchContent.Version);
        to.Byte((byte)BatchKind.TakeOver);
        to.Number(role == ShardRole.Whole ? StateFormat.RulesVersion : StateFormat.RulesVersionOfShards);
        to.Text(Owner);
        to.Text(Cause);
        to.Number(At.ToUnixTimeMilliseconds());
        Settings.Write(to);
        to.Time(Grace);
        return to.Written.ToArray();
    }

    /// <summary>Reads what <see cref="ToBatch"/> wrote.</summary>
    /// <param name="batch">The content of the batch.</param>
    /// <param name="role">Which shard it is.</param>
    /// <exception cref="OtherLogVersionException">
    /// Its records will be those of another version of the rules.
    /// </exception>
    public static TakeOver Read(ReadOnlySpan<byte> batch, ShardRole role)
    {
        var from = new FieldReader(batch[BatchContent.HeadBytes..]);
        CheckVersion(from.Number(), role);
        return new TakeOver
        {
            Owner = from.Text(),
            Cause = from.Text(),
            At = DateTimeOffset.FromUnixTimeMilliseconds(from.Long()),
            Settings = StateSettings.Read(ref from),
            Grace = from.Time(),
        };
    }

    private static void CheckVersion(ulong version, ShardRole role)
    {
        if (role != ShardRole.Whole)
        {
            if (version != StateFormat.RulesVersionOfShards)
            {
                throw new OtherLogVersionException($"records of version {version}, and this server knows "
                    + $"{StateFormat.RulesVersionOfShards} in a cluster with several shards");
            }
        }
        else if (version is < StateFormat.RulesVersionMin or > StateFormat.RulesVersion)
        {
            var whose = version == StateFormat.RulesVersionOfShards ? " of a cluster with several shards" : "";
            throw new OtherLogVersionException($"records of version {version}{whose}, and this server knows "
                + $"{StateFormat.RulesVersionMin} to {StateFormat.RulesVersion}");
        }
    }
}

/// <summary>
/// Another version of this server owns, or has owned, the shard, and this one cannot follow it. The message says what
/// the log holds, as the end of a sentence.
/// </summary>
internal sealed class OtherLogVersionException(string message) : Exception(message);
