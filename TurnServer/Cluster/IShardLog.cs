using TurnServer.Rules;

namespace TurnServer.Cluster;

/// <summary>
/// The log of one shard (one table) in a store that several servers share, and the referee between them: whoever
/// appends says what it believes the head to be, and is refused if that is wrong. So of two servers that both think
/// they own the shard, one can append nothing, whatever clocks, pauses and networks do.
/// <para>
/// To add a store, implement this interface, <see cref="IShardOwners"/> and <see cref="IClusterMembers"/>. It needs one
/// thing: a transaction that compares and writes at once, and that, once acknowledged, no failure undoes. Nothing above
/// this interface knows which store it is.
/// </para>
/// </summary>
/// <exception cref="LogUnavailableException">
/// Thrown by every method when the store does not answer, refuses to work, or answers too late. Whether a write has
/// been, or will be, carried out is then unknown.
/// </exception>
internal interface IShardLog
{
    /// <summary>Which part of all players and games is in this log.</summary>
    ShardRole Role { get; }

    /// <summary>
    /// How many batches the log keeps behind the latest snapshot; before more are appended, a snapshot has to be
    /// written.
    /// </summary>
    int Capacity { get; }

    /// <summary>The head as it is after every write that has been acknowledged to anybody: linearizable.</summary>
    Task<ShardHead> ReadHeadAsync(CancellationToken stop);

    /// <summary>
    /// If the head is <paramref name="expected"/>, stores the batch at the position of the next head, and the next
    /// head: both or nothing. Otherwise changes nothing and returns false.
    /// </summary>
    /// <param name="expected">The head as this server last wrote or read it.</param>
    /// <param name="next">The new head; its position is the expected one's plus 1.</param>
    /// <param name="batch">At most <see cref="LogBatch.BytesMax"/> bytes.</param>
    /// <param name="stop">Gives up waiting; the outcome is then unknown.</param>
    Task<bool> TryAppendAsync(ShardHead expected, ShardHead next, ReadOnlyMemory<byte> batch, CancellationToken stop);

    /// <summary>
    /// The batches behind a position, in order and without a gap: those that are there, and then each one as it is
    /// appended, until <paramref name="stop"/>.
    /// </summary>
    /// <exception cref="LogGapException">Some of them have been overwritten: begin again with the snapshot.</exception>
    IAsyncEnumerable<LogBatch> ReadOnAsync(long after, CancellationToken stop);

    /// <summary>The latest complete snapshot; null when there is none.</summary>
    Task<ShardSnapshot?> ReadSnapshotAsync(CancellationToken stop);

    /// <summary>The position of the latest complete snapshot; 0 when there is none.</summary>
    Task<long> ReadSnapshotPositionAsync(CancellationToken stop);

    /// <summary>
    /// Replaces the latest snapshot by a later one, if the shard's epoch is this one still and the latest snapshot is
    /// that at <paramref name="previous"/>. Otherwise returns false, and the latest snapshot stays as it is.
    /// </summary>
    /// <param name="epoch">The epoch of the server that writes.</param>
    /// <param name="previous">The position of the latest snapshot, 0 for none.</param>
    /// <param name="snapshot">The new one.</param>
    /// <param name="stop">Gives up waiting; the outcome is then unknown.</param>
    Task<bool> TryWriteSnapshotAsync(long epoch, long previous, ShardSnapshot snapshot, CancellationToken stop);
}

/// <summary>What every append compares and replaces.</summary>
/// <param name="Epoch">How many times the shard has been taken over; 0 before the first.</param>
/// <param name="Position">The position of the last batch; 0 before the first.</param>
/// <param name="Owner">The server that may append; null when the last one has handed the shard over.</param>
internal readonly record struct ShardHead(long Epoch, long Position, string? Owner)
{
    /// <summary>The head of a log that nobody has written to.</summary>
    public static ShardHead None => default;

    /// <summary>The head after the owner's next batch.</summary>
    public ShardHead Next() => this with { Position = Position + 1 };

    /// <summary>The head after this server has taken over, by the batch that says so.</summary>
    public ShardHead TakenOverBy(string server) => new(Epoch + 1, Position + 1, server);

    /// <summary>The head after the owner has handed over, by the batch that says so.</summary>
    public ShardHead HandedOver() => Next() with { Owner = null };
}

/// <summary>Records that were appended at once.</summary>
/// <param name="Position">Its place in the log, counted from 1.</param>
/// <param name="Content">See <see cref="BatchContent"/>.</param>
internal readonly record struct LogBatch(long Position, ReadOnlyMemory<byte> Content)
{
    /// <summary>
    /// The most that one batch holds, in bytes. etcd takes 1.5 MiB in one request; this is some thousand updates.
    /// </summary>
    public const int BytesMax = 256 * 1024;
}

/// <summary>A whole table.</summary>
/// <param name="Position">The last batch that it contains.</param>
/// <param name="Image">As <see cref="Journal.Snapshot"/> writes it.</param>
internal sealed record ShardSnapshot(long Position, ReadOnlyMemory<byte> Image);

/// <summary>
/// The store does not answer, or refuses to work. The message says what was tried and what each server of the store
/// answered.
/// </summary>
internal sealed class LogUnavailableException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether the store refuses writes because it has no space left.</summary>
    public bool IsFull { get; init; }

    /// <summary>Whether the store answers, and does not permit what was asked.</summary>
    public bool IsDenied { get; init; }

    /// <summary>Whether the store answers, with an earlier state of the log than this server has seen.</summary>
    public bool HasGoneBack { get; init; }

    /// <summary>What is wrong with the log, to be part of a sentence.</summary>
    public string Problem => HasGoneBack ? Message
        : IsFull ? $"the log is full: {Message}"
        : $"the log does not answer: {Message}";
}

/// <summary>Batches that were asked for have been overwritten.</summary>
internal sealed class LogGapException(long after) : Exception($"The batches after {after} are no longer in the log.");
