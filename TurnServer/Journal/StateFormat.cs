namespace TurnServer.Journal;

/// <summary>Versions of the content of state files; the files' own formats have theirs.</summary>
internal static class StateFormat
{
    /// <summary>
    /// To be incremented when the rules produce other results from the same inputs: a journal is replayed only by the
    /// version of the rules that recorded it, or by a later one that gives the same results. A snapshot is read by all
    /// later versions.
    /// </summary>
    public const int RulesVersion = 3;

    /// <summary>
    /// The earliest version whose journals give the same results today: 3 has added pools, which no request that 2
    /// recorded names, and totals of turns, which change no later result.
    /// </summary>
    public const int RulesVersionMin = 2;

    /// <summary>
    /// The version of what a shard of a cluster that has several records. It is another one than that of a table for
    /// everything, so that an earlier server, which takes shard 0 for such a table, refuses the log of a lobby rather
    /// than offer its players games that it does not have. The next version of either is higher than both.
    /// </summary>
    public const int RulesVersionOfShards = 4;
}
