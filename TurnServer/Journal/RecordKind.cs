namespace TurnServer.Journal;

/// <summary>
/// What a record of the journal is about, in the lower half of its first byte. Below these stand the requests, by the
/// numbers of their symbols. The numbers stand in files: none is ever used for another.
/// </summary>
internal enum RecordKind : byte
{
    /// <summary>Time was told to the table, and something may have been due.</summary>
    Tick = 8,

    /// <summary>All held replies were ended.</summary>
    ReleaseAll = 9,

    /// <summary>The first record of a segment: under what it was recorded, and when.</summary>
    Head = 10,

    /// <summary>The last record of a segment that another follows; and figures to check a replay by.</summary>
    Seal = 11,

    /// <summary>
    /// A request that was refused before anything was done for it. What it was is not kept, so
    /// that nobody without a key can fill the disk.
    /// </summary>
    Refused = 12,

    /// <summary>Nobody could be heard for a while.</summary>
    Suspension = 13,
}

/// <summary>Versions of what stands in state files beside the files' own.</summary>
internal static class StateFormat
{
    /// <summary>
    /// To be counted up when the rules come to answer the same inputs otherwise: a journal is replayed by the rules
    /// that it was recorded under, or not at all. A snapshot goes from one to the next.
    /// </summary>
    public const int RulesVersion = 2;
}
