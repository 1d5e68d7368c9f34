using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>When the journal is synced to the disk.</summary>
public enum StateSync
{
    /// <summary>
    /// Never by this server, only by the kernel; nor are snapshots and file names. A process crash loses nothing; power
    /// loss may lose the whole state, or leave one that is refused as damaged.
    /// </summary>
    None,

    /// <summary>
    /// After the replies, at most every <see cref="JournalOptions.SyncInterval"/>. A process crash loses nothing; power
    /// loss loses what was recorded during one interval and one sync.
    /// </summary>
    Batch,

    /// <summary>Before a reply leaves. Nothing that was confirmed is lost.</summary>
    Always,
}

/// <summary>How the state is made durable.</summary>
public sealed record JournalOptions
{
    // Otherwise a server that restarts every month would keep abandoned games of 30 days forever.
    private static readonly TimeSpan DefaultGraceMax = TimeSpan.FromDays(1);

    /// <summary>The directory, created if missing; null to keep the state in memory only.</summary>
    public string? Directory { get; init; }

    /// <summary>The sync policy.</summary>
    public StateSync Sync { get; init; } = StateSync.Batch;

    /// <summary>
    /// For how long after a restart or a freeze of the process no client is dropped for silence; null for the game
    /// timeout, within which every well-behaved client sends a request, or a day if that is shorter.
    /// </summary>
    public TimeSpan? RestartGrace { get; init; }

    /// <summary>The grace period under these rules.</summary>
    public TimeSpan GraceUnder(RulesOptions rules) =>
        RestartGrace ?? (rules.GameTimeout < DefaultGraceMax ? rules.GameTimeout : DefaultGraceMax);

    /// <summary>
    /// The length of one journal segment, in bytes; there are at least two. At full load, about 2 MB/s, one lasts a few
    /// seconds and is replayed in a fraction of one.
    /// </summary>
    public int SegmentBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>The minimum time between two syncs under <see cref="StateSync.Batch"/>.</summary>
    public TimeSpan SyncInterval { get; init; } = TimeSpan.FromMilliseconds(10);
}
