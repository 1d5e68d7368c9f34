using System.Text.Json;
using System.Text.Json.Serialization;
using TurnServer.Actor;
using TurnServer.Cluster.Replication;
using TurnServer.Rules;

namespace TurnServer.Cluster;

/// <summary>
/// What a server of a cluster with shards tells the others of itself, so that each of them can show the whole cluster.
/// </summary>
internal sealed record ServerReport
{
    /// <summary>The shards that it owns.</summary>
    public required IReadOnlyList<ShardLoad> Shards { get; init; }

    /// <summary>Its latest takeovers; the latest last.</summary>
    public required IReadOnlyList<ShardMove> Moves { get; init; }

    /// <summary>
    /// How many times it has taken over a shard, in the order of <see cref="TakeOverCause.All"/>.
    /// </summary>
    public required IReadOnlyList<long> MovesByCause { get; init; }

    /// <summary>As it is sent.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, ReportJson.Default.ServerReport);

    /// <summary>Reads what <see cref="ToBytes"/> wrote; null: another version of the server wrote it.</summary>
    public static ServerReport? Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var report = JsonSerializer.Deserialize(bytes, ReportJson.Default.ServerReport);
            return report?.Shards.All(load => load.IsComplete) == true ? report : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>What a shard holds and has done, as its owner says.</summary>
internal sealed record ShardLoad
{
    /// <summary>The shard's number.</summary>
    public required int Shard { get; init; }

    /// <summary>The last batch of its log.</summary>
    public required long Position { get; init; }

    /// <summary>Messages to other shards that those have not applied yet.</summary>
    public required int MessagesWaiting { get; init; }

    /// <summary>For how long the oldest of these waits, since this owner has it; 0: there is none.</summary>
    public double LongestMessageWaitSeconds { get; init; }

    /// <summary>See <see cref="ActorStatistics.HeldReplies"/>.</summary>
    public required int HeldReplies { get; init; }

    /// <summary>See <see cref="ActorStatistics.MailboxDepth"/>.</summary>
    public required int MailboxDepth { get; init; }

    /// <summary>See <see cref="ActorStatistics.Messages"/>.</summary>
    public required long ActorMessages { get; init; }

    /// <summary>See <see cref="ActorStatistics.Busy"/>; in seconds.</summary>
    public required double BusySeconds { get; init; }

    /// <summary>See <see cref="TableStatistics.PlayersByStatus"/>.</summary>
    public required IReadOnlyList<int> PlayersByStatus { get; init; }

    /// <summary>See <see cref="TableStatistics.Games"/>.</summary>
    public required int Games { get; init; }

    /// <summary>See <see cref="TableStatistics.BacklogBytes"/>.</summary>
    public required long BacklogBytes { get; init; }

    /// <summary>See <see cref="TableStatistics.Registrations"/>.</summary>
    public required long Registrations { get; init; }

    /// <summary>See <see cref="TableStatistics.GamesStarted"/>.</summary>
    public required long GamesStarted { get; init; }

    /// <summary>See <see cref="TableStatistics.Turns"/>.</summary>
    public required long Turns { get; init; }

    /// <summary>See <see cref="TableStatistics.TurnBytes"/>.</summary>
    public required long TurnBytes { get; init; }

    /// <summary>See <see cref="TableStatistics.DropsByCause"/>.</summary>
    public required IReadOnlyList<long> DropsByCause { get; init; }

    /// <summary>See <see cref="TableStatistics.Players"/>.</summary>
    [JsonIgnore]
    public int Players => PlayersByStatus.Sum();

    /// <summary>Whether it has the lengths that this version of the server knows.</summary>
    [JsonIgnore]
    public bool IsComplete => PlayersByStatus.Count == Enum.GetValues<PlayerStatus>().Length
        && DropsByCause.Count == Enum.GetValues<DropCause>().Length;

    /// <param name="shard">The shard's number.</param>
    /// <param name="position">The last batch of its log.</param>
    /// <param name="messagesWaiting">Messages to other shards that those have not applied yet.</param>
    /// <param name="of">What its owner says.</param>
    public static ShardLoad Of(int shard, long position, int messagesWaiting, ActorStatistics of) => new()
    {
        Shard = shard,
        Position = position,
        MessagesWaiting = messagesWaiting,
        HeldReplies = of.HeldReplies,
        MailboxDepth = of.MailboxDepth,
        ActorMessages = of.Messages,
        BusySeconds = of.Busy.TotalSeconds,
        PlayersByStatus = of.Table.PlayersByStatus,
        Games = of.Table.Games,
        BacklogBytes = of.Table.BacklogBytes,
        Registrations = of.Table.Registrations,
        GamesStarted = of.Table.GamesStarted,
        Turns = of.Table.Turns,
        TurnBytes = of.Table.TurnBytes,
        DropsByCause = of.Table.DropsByCause,
    };

    /// <summary>As the statistics of the shard's table.</summary>
    public TableStatistics ToStatistics() => new()
    {
        PlayersByStatus = PlayersByStatus,
        DropsByCause = DropsByCause,
        Games = Games,
        BacklogBytes = BacklogBytes,
        Registrations = Registrations,
        GamesStarted = GamesStarted,
        Turns = Turns,
        TurnBytes = TurnBytes,
    };
}

/// <summary>A takeover of one of the shards.</summary>
/// <param name="At">When, by the new owner's clock.</param>
/// <param name="Shard">The shard's number.</param>
/// <param name="Owner">The new owner, as in <see cref="ClusterMember.Id"/>.</param>
/// <param name="Cause">One of <see cref="TakeOverCause"/>.</param>
internal sealed record ShardMove(DateTimeOffset At, int Shard, string Owner, string Cause);

[JsonSerializable(typeof(ServerReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
