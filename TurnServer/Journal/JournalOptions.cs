using TurnServer.Rules;

namespace TurnServer.Journal;

/// <summary>When what has been recorded is brought to the disk.</summary>
public enum StateSync
{
    /// <summary>
    /// When the system sees fit, and never by this server: nor are snapshots and the names of files. A crash of the
    /// server loses nothing, one of the machine may lose the whole state, or leave one that is refused as damaged.
    /// </summary>
    None,

    /// <summary>
    /// Behind the replies, at most every <see cref="JournalOptions.SyncInterval"/>. A crash of the server loses
    /// nothing, one of the machine what was recorded in that time and the one sync under way.
    /// </summary>
    Batch,

    /// <summary>Before a reply leaves. Nothing is lost of what was answered.</summary>
    Always,
}

/// <summary>How the state outlives the process.</summary>
public sealed record JournalOptions
{
    /// <summary>The directory it is kept in, made if it is missing; null: the state lives in memory alone.</summary>
    public string? Directory { get; init; }

    /// <summary>When it is brought to the disk.</summary>
    public StateSync Sync { get; init; } = StateSync.Batch;

    /// <summary>
    /// For how long after a start, or after a time in which the process was frozen, nobody is dropped for that; null
    /// stands for the game timeout, within which every honest client speaks.
    /// </summary>
    public TimeSpan? RestartGrace { get; init; }

    /// <summary>The time of grace under these rules.</summary>
    public TimeSpan GraceUnder(RulesOptions rules) => RestartGrace ?? rules.GameTimeout;

    /// <summary>
    /// How long one segment of the journal is, in bytes. Two are there at least. At full speed, some 2 MB a second, one
    /// lasts a few seconds, and what is to be replayed after a crash takes a fraction of one.
    /// </summary>
    public int SegmentBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>The shortest time between two syncs of <see cref="StateSync.Batch"/>.</summary>
    public TimeSpan SyncInterval { get; init; } = TimeSpan.FromMilliseconds(10);
}
