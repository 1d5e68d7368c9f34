namespace TurnServer.Rules;

/// <summary>What a table is made of, for those who write it down or read it back.</summary>
/// <param name="Lobby">Everybody before the game.</param>
/// <param name="Games">The games.</param>
/// <param name="Deadlines">When who is due.</param>
/// <param name="Tally">What has been counted.</param>
/// <param name="Keys">The keys drawn.</param>
/// <param name="Now">The last time that the table has been told.</param>
internal readonly record struct TableParts(Lobby Lobby, Games Games, Deadlines Deadlines, Tally Tally, KeyDraws Keys,
    TimeSpan Now);
