namespace TurnServer.Journal;

/// <summary>Versions of the content of state files; the files' own formats have theirs.</summary>
internal static class StateFormat
{
    /// <summary>
    /// To be incremented when the rules produce other results from the same inputs: a journal is replayed only by the
    /// version of the rules that recorded it. A snapshot is read by later versions too.
    /// </summary>
    public const int RulesVersion = 2;
}
