using System.Buffers.Binary;
using Etcdserverpb;
using Google.Protobuf;
using TurnServer.Rules;

namespace TurnServer.Cluster.Etcd;

/// <summary>
/// The log of a shard in etcd: see <see cref="EtcdKeys"/> for how it lies there. Every append is a transaction, or a
/// part of one (<see cref="EtcdAppends"/>), on the condition that the head has not changed. Whoever appends also
/// compacts etcd's history from time to time, as etcd would keep what has been overwritten for ever.
/// </summary>
internal sealed class EtcdShardLog : IShardLog
{
    private const int CapacityOfLobby = 16_384;
    private const int CapacityOfGames = 4096;
    private const int CapacityOfAllGames = 64 * CapacityOfGames;

    private const int CapacityMax = 99_999;

    private readonly EtcdConnection _connection;
    private readonly EtcdKeys _keys;
    private readonly EtcdLogReader _reader;
    private readonly EtcdSnapshots _snapshots;
    private readonly EtcdCompactor _compactor;
    private readonly EtcdHeads? _heads;

    /// <param name="connection">Where etcd is.</param>
    /// <param name="compactor">One for all logs on the connection.</param>
    /// <param name="role">Which shard it is.</param>
    /// <param name="capacity">
    /// See <see cref="Capacity"/>; null: <see cref="CapacityOf"/>. All servers of a cluster must have the same.
    /// </param>
    /// <param name="heads">Reads heads for all logs on the connection; null: this log reads its own.</param>
    public EtcdShardLog(EtcdConnection connection, EtcdCompactor compactor, ShardRole role = default,
        int? capacity = null, EtcdHeads? heads = null)
    {
        Role = role;
        Capacity = capacity ?? CapacityOf(role);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Capacity, nameof(capacity));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Capacity, CapacityMax, nameof(capacity));
        _connection = connection;
        _keys = new EtcdKeys(connection.Options.Name, role.Number);
        _reader = new EtcdLogReader(connection, _keys, Capacity);
        _snapshots = new EtcdSnapshots(connection, _keys);
        _compactor = compactor;
        _heads = heads;
    }

    /// <inheritdoc/>
    public ShardRole Role { get; }

    /// <inheritdoc/>
    public int Capacity { get; }

    /// <summary>
    /// How many batches the log of a shard keeps: 16 384 with all registrations, 4096 with a part of the games, and
    /// fewer where there are more than 64 of these, so that all of them take as much. In etcd a batch takes, besides
    /// itself, 24 bytes for its key, 8 for its position and some 70 for what etcd and bbolt keep of each revision, and
    /// bbolt leaves up to a quarter of its pages empty: 1.4 KiB (measured, etcd 3.4) for a batch of 1 KiB, which is
    /// about eight turns and so more than a shard appends at once in ordinary load. Then the ring of the lobby takes at
    /// most 22 MiB, and those of 64 shards with games 64 × 5.5 MiB: together 0.4 GiB of the 2 GiB that are etcd's
    /// default quota.
    /// </summary>
    public static int CapacityOf(ShardRole role) => role.HasLobby
        ? CapacityOfLobby
        : Math.Min(CapacityOfGames, CapacityOfAllGames / role.GameShards);

    /// <inheritdoc/>
    public async Task<ShardHead> ReadHeadAsync(CancellationToken stop)
    {
        var value = await (_heads?.ReadAsync(_keys.Head, stop) ?? ReadOwnHeadAsync(stop));
        return value is null ? ShardHead.None : _keys.ParseHead(value);
    }

    /// <inheritdoc/>
    public async Task<bool> TryAppendAsync(ShardHead expected, ShardHead next, ReadOnlyMemory<byte> batch,
        CancellationToken stop)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(next.Position, expected.Position + 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batch.Length, LogBatch.BytesMax);
        var request = new TxnRequest
        {
            Compare =
            {
                EtcdTransaction.Holds(_keys.Head, expected == ShardHead.None ? null : EtcdKeys.Text(expected)),
            },
            Success =
            {
                EtcdTransaction.Put(_keys.Head, EtcdKeys.Text(next)),
                EtcdTransaction.Put(_keys.Slot((int)(next.Position % Capacity)), SlotOf(next.Position, batch.Span)),
            },
        };
        if (next.Epoch != expected.Epoch)
            request.Success.Add(EtcdTransaction.Put(_keys.Epoch, EtcdKeys.Text(next.Epoch)));
        // Nobody asks for it where there is one table, and such a cluster stays as earlier versions know it.
        if (Role != ShardRole.Whole && (next.Epoch != expected.Epoch || next.Owner != expected.Owner))
            request.Success.Add(EtcdTransaction.Put(_keys.Owner, EtcdKeys.Text(next)));
        var (isStored, revision) = await _connection.Appends.AppendAsync(_keys.Head, request, stop);
        if (isStored)
            _compactor.Appended(revision, request.CalculateSize());
        return isStored;
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<LogBatch> ReadOnAsync(long after, CancellationToken stop) =>
        _reader.ReadOnAsync(after, stop);

    /// <inheritdoc/>
    public Task<ShardSnapshot?> ReadSnapshotAsync(CancellationToken stop) => _snapshots.ReadAsync(stop);

    /// <inheritdoc/>
    public Task<long> ReadSnapshotPositionAsync(CancellationToken stop) => _snapshots.ReadPositionAsync(stop);

    /// <inheritdoc/>
    public async Task<bool> TryWriteSnapshotAsync(long epoch, long previous, ShardSnapshot snapshot,
        CancellationToken stop)
    {
        var isWritten = await _snapshots.TryWriteAsync(epoch, previous, snapshot, stop);
        if (isWritten)
            _compactor.SnapshotWritten(snapshot.Image.Length);
        return isWritten;
    }

    private async Task<ByteString?> ReadOwnHeadAsync(CancellationToken stop)
    {
        var request = new RangeRequest { Key = _keys.Head };
        var reply = await _connection.ReadAsync(
            (etcd, options) => etcd.Kv.RangeAsync(request, options).ResponseAsync, stop);
        return reply.Value();
    }

    // The position tells a reader whether the slot has been overwritten.
    private static ByteString SlotOf(long position, ReadOnlySpan<byte> batch)
    {
        var value = new byte[EtcdLogReader.PositionBytes + batch.Length];
        BinaryPrimitives.WriteInt64BigEndian(value, position);
        batch.CopyTo(value.AsSpan(EtcdLogReader.PositionBytes));
        return UnsafeByteOperations.UnsafeWrap(value);
    }
}
