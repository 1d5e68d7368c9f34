namespace TurnServer.Journal;

/// <summary>
/// The kind of a journal record, in the lower half of its first byte. Lower numbers are requests, by the number of
/// their symbol. The numbers are part of the file format and never reused.
/// </summary>
internal enum RecordKind : byte
{
    /// <summary>The clock advanced and deadlines may have expired.</summary>
    Tick = 8,

    /// <summary>All held replies were released.</summary>
    ReleaseAll = 9,

    /// <summary>The first record of a segment: its settings and its time.</summary>
    Head = 10,

    /// <summary>The last record of a segment that another follows, with counts to verify the replay.</summary>
    Seal = 11,

    /// <summary>
    /// A request that was refused and changed nothing. Its content is not recorded, so that clients without a key
    /// cannot fill the disk.
    /// </summary>
    Refused = 12,

    /// <summary>The process could not run for a while.</summary>
    Suspension = 13,

    /// <summary>Messages of another shard, and the keys that were drawn for them. Only in a cluster.</summary>
    Messages = 14,
}
