namespace TurnServer.Cluster;

/// <summary>
/// The servers of the cluster that are alive, as far as the store can tell: each renews its registration, and one that
/// stops doing so is removed after <see cref="Lifetime"/>. That somebody is missing here only suggests that it is dead;
/// nothing but <see cref="IShardLog.TryAppendAsync"/> decides who owns the shard.
/// </summary>
internal interface IClusterMembers
{
    /// <summary>For how long a registration that is not renewed stays.</summary>
    static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Registers this server, keeps the registration alive until <paramref name="stop"/> and then removes it. While the
    /// store cannot be reached it goes on trying; it fails only on a bug. Registrations of earlier processes under the
    /// same address are removed first: this process listens there, so they are dead. One that is not dead, as two
    /// servers have been given the same address, registers again; both stay, and say so in their logs.
    /// </summary>
    /// <param name="self">What is known about this server; asked again at each renewal.</param>
    /// <param name="stop">Ends the registration.</param>
    Task RegisterAsync(Func<ClusterMember> self, CancellationToken stop);

    /// <summary>
    /// The servers that are registered, again after each change, until <paramref name="stop"/>. While the store cannot
    /// be reached nothing comes.
    /// </summary>
    IAsyncEnumerable<IReadOnlyList<ClusterMember>> WatchAsync(CancellationToken stop);
}

/// <summary>A server of the cluster.</summary>
internal sealed record ClusterMember
{
    /// <summary>Unique for each start of the process.</summary>
    public required string Id { get; init; }

    /// <summary>Where the other servers reach it: host and port.</summary>
    public required string Address { get; init; }

    /// <summary>What another server has to present to be listened to there. Secret.</summary>
    public required string Token { get; init; }

    /// <summary>The version of its build, such as 1.0.0.</summary>
    public required string Version { get; init; }

    /// <summary>When it was started.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>How far it has followed, or written, the log; with shards, the lobby's.</summary>
    public long Position { get; init; }

    /// <summary>
    /// Whether it is about to stop, so that it is to be given nothing, and its shards are to be taken.
    /// </summary>
    public bool IsLeaving { get; init; }

    /// <summary>Without <see cref="Token"/>, so that no log or error message can show it.</summary>
    public override string ToString() => $"{Id} at {Address}, version {Version}, position {Position}";
}
